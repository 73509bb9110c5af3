//! `bowline types`.

use rstest::rstest;

use super::empty;

#[test]
fn types_are_listed_and_shown() {
    let project = empty();
    let list = project.run("bowline types list -o name");
    list.prints("oci-v1\n").prints("s3\n").prints("uri-v1\n");
    project
        .run("bowline types list -o jsonpath='{.types[?(@.name==\"s3\")].displayName}'")
        .is("S3 compatible object storage - v1");
    insta::assert_snapshot!(project.run("bowline types show s3").stdout);
}

#[test]
fn a_type_lives_from_its_file_to_its_end() {
    let project = empty();
    let name = format!("ct-{}", project.name);
    project.file(
        "type.yaml",
        "name: $PROJECT\ndisplayName: Lab $PROJECT\ncategories: [Object storage]\nfields:\n- {type: short-text, name: Host, envVar: LAB_HOST, required: true}\n- {type: hidden, name: Key, envVar: LAB_KEY, properties: {deferInput: true}}\n",
    );
    project
        .run("bowline types create -f type.yaml")
        .prints(&format!("connection type `{name}` created"));
    project.run(&format!(
        "bowline create lab --type {name} --set LAB_HOST=a.example < /dev/null"
    ));
    project
        .fails(&format!("bowline set lab --type {name} LAB_KEY=x"))
        .complains("cannot be an argument");
    project.run(&format!("bowline types disable {name}"));
    project
        .fails(&format!(
            "bowline create other --type {name} --set LAB_HOST=a.example < /dev/null"
        ))
        .complains("type-disabled");
    project
        .run(&format!(
            "bowline types enable {name} -o jsonpath='{{.isEnabled}}'"
        ))
        .is("true");
    let copy = format!("bowline types duplicate {name} --display-name 'Copy {name}' -o name");
    let copy = project.run(&copy).stdout;
    project
        .run(&format!(
            "bowline types delete {name} && bowline types delete {copy}"
        ))
        .prints("deleted");
    project.run("bowline show lab -o name").is("lab");
}

#[rstest]
#[case("bowline types delete s3", "pre-installed and cannot be deleted", 6)]
#[case("bowline types show s33", "did you mean `s3`?", 3)]
#[case(
    "bowline types create -f missing.yaml",
    "`missing.yaml` cannot be read",
    2
)]
fn a_mistake_about_types_is_explained(#[case] line: &str, #[case] text: &str, #[case] code: u8) {
    let project = empty();
    project.fails(line).complains(text);
    project
        .run(&format!("{line} 2> /dev/null; echo $?"))
        .is(&code.to_string());
}
