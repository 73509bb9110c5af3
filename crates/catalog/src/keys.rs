//! The annotations that Bowline adds to connections beside those of the field; nothing here
//! interprets them.

/// Who created the connection or type.
pub const CREATOR: &str = "bowline.dev/creator";
/// Who changed it last through Bowline.
pub const EDITOR: &str = "bowline.dev/editor";
/// The revision of the type that the connection was last checked against.
pub const TYPE_REVISION: &str = "bowline.dev/type-revision";

/// What OpenShift AI's dashboard writes about its last test of a connection.
pub const TEST_RESULT: [&str; 3] = [
    "opendatahub.io/connection-test-status",
    "opendatahub.io/connection-test-timestamp",
    "opendatahub.io/connection-test-message",
];
