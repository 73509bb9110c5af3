//! The parameters of a request.

use super::percent;
use crate::status::{GroupResource, Status};
use crate::table::IncludeObject;
use crate::validate::FieldError;
use serde_json::json;

/// What happens where an object has members that its kind does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// The parameters that the API knows; others are ignored, as Kubernetes does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    pub(crate) limit: Option<usize>,
    pub(crate) continue_token: Option<String>,
    pub(crate) resource_version: String,
    pub(crate) resource_version_match: String,
    pub(crate) watch: bool,
    pub(crate) allow_bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) field_validation: FieldValidation,
    pub(crate) include_object: IncludeObject,
    pub(crate) propagation: Option<String>,
    /// What is wrong with the options of a write.
    pub(crate) mistakes: Vec<FieldError>,
    pub(crate) field_manager: Option<String>,
    pub(crate) force: Option<bool>,
    /// Of a pod.
    pub(crate) container: Option<String>,
}

impl Query {
    /// Understands the text after `?`.
    pub(crate) fn parse(text: &str) -> Result<Self, Status> {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A pair that cannot be read is no parameter.
            let decoded = percent::decode(name, true).zip(percent::decode(value, true));
            if let Some((name, value)) = decoded {
                query.set(&name, value)?;
            }
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Status> {
        match name {
            "labelSelector" => self.label_selector = value,
            "fieldSelector" => self.field_selector = value,
            "limit" => self.limit = number(&value)?.filter(|limit| *limit > 0),
            "continue" => self.continue_token = Some(value).filter(|token| !token.is_empty()),
            "resourceVersion" => self.resource_version = value,
            "resourceVersionMatch" => self.resource_version_match = value,
            "watch" => self.watch = is_true(&value),
            "allowWatchBookmarks" => self.allow_bookmarks = is_true(&value),
            "sendInitialEvents" => self.send_initial_events = Some(is_true(&value)),
            "timeoutSeconds" => self.timeout_seconds = number(&value)?,
            "dryRun" => self.dry_run = self.dry_run(&value),
            "gracePeriodSeconds" => drop(number::<u64>(&value)?),
            "fieldValidation" => self.field_validation = self.field_validation(&value),
            "includeObject" => self.include_object = include_object(&value)?,
            "fieldManager" => self.field_manager = Some(value).filter(|name| !name.is_empty()),
            "container" => self.container = Some(value).filter(|name| !name.is_empty()),
            "force" => self.force = Some(is_true(&value)),
            "propagationPolicy" => self.propagation = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Nothing, or `All`.
    pub(crate) fn dry_run(&mut self, value: &str) -> bool {
        if value != "All" {
            let mistake = FieldError::unsupported("dryRun", json!([value]), &["All"]);
            self.mistakes.push(mistake);
        }
        value == "All"
    }

    fn field_validation(&mut self, value: &str) -> FieldValidation {
        match value {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let supported = ["", "Ignore", "Strict", "Warn"];
                let mistake = FieldError::unsupported("fieldValidation", other, &supported);
                self.mistakes.push(mistake);
                FieldValidation::Warn
            }
        }
    }

    /// Refuses a list or watch whose parameters contradict each other.
    pub(crate) fn check_list(&self) -> Result<(), Status> {
        let mut errors = Vec::new();
        let matching = self.resource_version_match.as_str();
        let mut forbid = |field: &str, why: &str| errors.push(FieldError::forbidden(field, why));
        let field = "resourceVersionMatch";
        if self.watch && self.send_initial_events.is_some() && matching != NOT_OLDER_THAN {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            forbid(field, why);
        }
        if !matching.is_empty() {
            if self.watch && self.send_initial_events.is_none() {
                let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
                forbid(field, why);
            }
            if !self.watch && self.resource_version.is_empty() {
                let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
                forbid(field, why);
            }
            if self.continue_token.is_some() {
                let why = "resourceVersionMatch is forbidden when continue is provided";
                forbid(field, why);
            }
            if matching == "Exact" && self.resource_version == "0" && !self.watch {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                forbid(field, why);
            }
            let supported: &[&str] = match self.watch {
                true => &[NOT_OLDER_THAN],
                false => &["Exact", NOT_OLDER_THAN, ""],
            };
            if !supported.contains(&matching) {
                errors.push(FieldError::unsupported(field, matching, supported));
            }
        }
        if !self.watch && self.send_initial_events.is_some() {
            let why = "sendInitialEvents is forbidden for list";
            errors.push(FieldError::forbidden("sendInitialEvents", why));
        }
        check_options("ListOptions", &errors)
    }
}

const NOT_OLDER_THAN: &str = "NotOlderThan";

/// Refuses options with mistakes.
pub(crate) fn check_options(kind: &str, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let kind = GroupResource {
        group: "meta.k8s.io",
        name: kind,
    };
    Err(Status::invalid(kind, "", errors))
}

/// `true` and `1` are true, and so is a parameter without a value.
fn is_true(value: &str) -> bool {
    !matches!(value, "false" | "0" | "False" | "FALSE" | "f" | "F")
}

/// A whole number; none where it is negative, which stands for nothing said.
fn number<T: TryFrom<i64>>(value: &str) -> Result<Option<T>, Status> {
    let number: i64 = value.parse().map_err(|_| {
        Status::bad_request(format!(
            "strconv.ParseInt: parsing {value:?}: invalid syntax"
        ))
    })?;
    Ok(T::try_from(number).ok())
}

fn include_object(value: &str) -> Result<IncludeObject, Status> {
    match value {
        "" | "Metadata" => Ok(IncludeObject::Metadata),
        "None" => Ok(IncludeObject::None),
        "Object" => Ok(IncludeObject::Object),
        other => Err(Status::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn parameters_are_decoded() {
        let query =
            Query::parse("labelSelector=a%3Db%2Cc&limit=5&watch=1&other=x").expect("a query");
        assert_eq!(
            (query.label_selector.as_str(), query.limit, query.watch),
            ("a=b,c", Some(5), true)
        );
    }

    #[rstest]
    #[case::words("timeoutSeconds=soon")]
    #[case::a_grace_period("gracePeriodSeconds=soon")]
    fn a_parameter_that_makes_no_sense_is_refused(#[case] text: &str) {
        assert_eq!(Query::parse(text).expect_err("refused").code, 400);
    }

    #[rstest]
    #[case::half_a_dry_run("dryRun=Some")]
    #[case::no_dry_run("dryRun=")]
    #[case::validation("fieldValidation=Maybe")]
    fn a_mistake_in_the_options_of_a_write_is_kept_for_it(#[case] text: &str) {
        assert_eq!(Query::parse(text).expect("a query").mistakes.len(), 1);
    }
}
