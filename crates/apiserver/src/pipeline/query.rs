//! The parameters of a request.

use super::percent;
use crate::status::Status;
use crate::table::IncludeObject;

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
    pub(crate) send_initial_events: bool,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) field_validation: FieldValidation,
    pub(crate) include_object: IncludeObject,
    pub(crate) propagation: Option<String>,
    pub(crate) field_manager: Option<String>,
    pub(crate) force: Option<bool>,
}

impl Query {
    /// Understands the text after `?`.
    pub(crate) fn parse(text: &str) -> Result<Self, Status> {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let broken = || Status::bad_request("the query is not percent-encoded UTF-8");
            let name = percent::decode(name, true).ok_or_else(broken)?;
            let value = percent::decode(value, true).ok_or_else(broken)?;
            query.set(&name, value)?;
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Status> {
        match name {
            "labelSelector" => self.label_selector = value,
            "fieldSelector" => self.field_selector = value,
            "limit" => self.limit = Some(number(name, &value)?).filter(|limit| *limit > 0),
            "continue" => self.continue_token = Some(value).filter(|token| !token.is_empty()),
            "resourceVersion" => self.resource_version = value,
            "resourceVersionMatch" => self.resource_version_match = value,
            "watch" => self.watch = is_true(&value),
            "allowWatchBookmarks" => self.allow_bookmarks = is_true(&value),
            "sendInitialEvents" => self.send_initial_events = is_true(&value),
            "timeoutSeconds" => self.timeout_seconds = Some(number(name, &value)?),
            "dryRun" => self.dry_run = dry_run(&value)?,
            "fieldValidation" => self.field_validation = field_validation(&value)?,
            "includeObject" => self.include_object = include_object(&value)?,
            "fieldManager" => self.field_manager = Some(value).filter(|name| !name.is_empty()),
            "force" => self.force = Some(is_true(&value)),
            "propagationPolicy" => self.propagation = Some(value),
            _ => {}
        }
        Ok(())
    }
}

/// `true` and `1` are true, and so is a parameter without a value.
fn is_true(value: &str) -> bool {
    !matches!(value, "false" | "0" | "False" | "FALSE" | "f" | "F")
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Status> {
    value.parse().map_err(|_| {
        Status::bad_request(format!("parameter {name:?} must be a number, not negative"))
    })
}

/// Nothing, or `All`.
pub(crate) fn dry_run(value: &str) -> Result<bool, Status> {
    match value {
        "" => Ok(false),
        "All" => Ok(true),
        other => Err(Status::bad_request(format!(
            "dryRun: Unsupported value: {other:?}: supported values: \"All\""
        ))),
    }
}

fn field_validation(value: &str) -> Result<FieldValidation, Status> {
    match value {
        "" | "Warn" => Ok(FieldValidation::Warn),
        "Ignore" => Ok(FieldValidation::Ignore),
        "Strict" => Ok(FieldValidation::Strict),
        other => Err(Status::bad_request(format!(
            "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
        ))),
    }
}

fn include_object(value: &str) -> Result<IncludeObject, Status> {
    match value {
        "" | "Metadata" => Ok(IncludeObject::Metadata),
        "None" => Ok(IncludeObject::None),
        "Object" => Ok(IncludeObject::Object),
        other => Err(Status::bad_request(format!(
            "includeObject: unsupported value {other:?}"
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
    #[case::negative("limit=-1")]
    #[case::words("timeoutSeconds=soon")]
    #[case::half_a_dry_run("dryRun=Some")]
    #[case::validation("fieldValidation=Maybe")]
    #[case::encoding("labelSelector=%ff")]
    fn a_parameter_that_makes_no_sense_is_refused(#[case] text: &str) {
        assert_eq!(Query::parse(text).expect_err("refused").code, 400);
    }
}
