//! Where tests may go, by project: an administrator's lists, made into the guard of one probe.

use std::str::FromStr;
use std::sync::Arc;

use bowline_probe::Guard;
use bowline_probe::dial::{Pattern, Resolve, System, UnknownPattern};

/// One line of a list: `10.0.0.0/8` for all projects, `team-a=*.example.com` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    project: Option<String>,
    pattern: Pattern,
}

impl FromStr for Rule {
    type Err = UnknownPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (project, pattern) = match text.split_once('=') {
            Some((project, pattern)) => (Some(project.to_owned()), pattern),
            None => (None, text),
        };
        Ok(Self {
            project,
            pattern: pattern.parse()?,
        })
    }
}

/// Where the tests of all projects may go.
#[derive(Clone)]
pub struct Bounds {
    /// Whether they may go to this machine's own addresses.
    pub is_own_allowed: bool,
    /// A project with any of these may go nowhere else.
    pub allowed: Vec<Rule>,
    /// Where they may not go.
    pub denied: Vec<Rule>,
    /// Whether connections are refused that turn the check of certificates off.
    pub require_verified_tls: bool,
    /// Who tells the addresses of names.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            is_own_allowed: false,
            allowed: Vec::new(),
            denied: Vec::new(),
            require_verified_tls: false,
            resolver: Arc::new(System),
        }
    }
}

impl Bounds {
    /// The guard of one probe of a project.
    pub fn guard(&self, project: &str) -> Guard {
        let of_project = |rules: &[Rule]| {
            let is_meant = |rule: &&Rule| rule.project.as_deref().is_none_or(|own| own == project);
            let patterns = rules.iter().filter(is_meant);
            patterns.map(|rule| rule.pattern.clone()).collect()
        };
        Guard {
            is_own_allowed: self.is_own_allowed,
            allowed: of_project(&self.allowed),
            denied: of_project(&self.denied),
            is_tls_check_required: self.require_verified_tls,
            resolver: Arc::clone(&self.resolver),
            ..Guard::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("team-a", 2)]
    #[case("team-b", 1)]
    fn a_rule_is_for_all_projects_or_for_the_one_it_names(
        #[case] project: &str,
        #[case] expected: usize,
    ) {
        let rules = ["10.0.0.0/8", "team-a=*.example.com"];
        let bounds = Bounds {
            allowed: rules.map(|rule| rule.parse().expect("a rule")).into(),
            ..Bounds::default()
        };
        assert_eq!(bounds.guard(project).allowed.len(), expected);
    }

    #[rstest]
    #[case("team-a=")]
    #[case("team-a=a b")]
    #[case("")]
    fn what_is_no_rule_is_refused(#[case] text: &str) {
        assert!(text.parse::<Rule>().is_err());
    }
}
