use bowline_catalog::index::{ObjectRef, Place, User};
use bowline_catalog::references::How;

use super::*;

fn object(kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        kind: kind.to_owned(),
        namespace: "team-a".to_owned(),
        name: name.to_owned(),
        api_version: "v1".to_owned(),
    }
}

fn answer() -> Answer {
    let place = |at: &str, via: Option<ObjectRef>, is_derived| Place {
        at: at.to_owned(),
        how: How::EnvFrom,
        via,
        is_derived,
    };
    let user = |object, owned_by: Option<&str>, place| User {
        object,
        owned_by: owned_by.map(str::to_owned),
        places: vec![place],
    };
    let pod = object("Pod", "web-1");
    Answer {
        connections: vec![Usage {
            namespace: "team-a".to_owned(),
            name: "training\u{1b}data".to_owned(),
            users: vec![
                user(
                    object("Notebook", "wb"),
                    None,
                    place("metadata.annotations[a/b]", None, false),
                ),
                user(
                    object("Deployment", "web"),
                    None,
                    place("spec.x", Some(pod.clone()), false),
                ),
                user(
                    pod,
                    Some("Workflow `nightly`"),
                    place("spec.y", None, false),
                ),
                user(
                    object("Secret", "storage-config"),
                    None,
                    place("data.x", None, true),
                ),
            ],
        }],
        not_looked_at: Vec::new(),
    }
}

fn shown(answer: &Answer, scope: &Scope) -> String {
    anstream::adapter::strip_str(&table::render(answer, scope)).to_string()
}

#[test]
fn people_see_where_each_user_names_a_connection() {
    insta::assert_snapshot!(shown(&answer(), &Scope::All));
}

#[test]
fn an_unused_connection_is_named() {
    let mut answer = answer();
    answer.connections[0].users.clear();
    let scope = Scope::Namespace("team-a".to_owned());
    assert_eq!(
        shown(&answer, &scope),
        "nothing uses `training\\u{1b}data`\n"
    );
}

#[test]
fn names_are_those_that_kubectl_takes() {
    assert_eq!(
        answer().names(),
        [
            "deployment/web",
            "notebook/wb",
            "pod/web-1",
            "secret/storage-config"
        ]
    );
}
