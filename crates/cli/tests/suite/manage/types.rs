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
            "bowline types delete --yes {name} && bowline types delete --yes {copy}"
        ))
        .prints("deleted");
    project.run("bowline show lab -o name").is("lab");
}

#[rstest]
#[case("bowline types delete s3", "pre-installed and cannot be deleted", 6)]
#[case(
    "EDITOR=false bowline types edit s3",
    "pre-installed and cannot be changed",
    6
)]
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

/// A type of the project's own; its name.
fn lake(project: &crate::project::Project) -> String {
    project.file(
        "type.yaml",
        "name: $PROJECT\ndisplayName: Lake $PROJECT\ncategories: [Object storage]\nfields:\n- {type: short-text, name: Host, envVar: LAKE_HOST, required: true}\n",
    );
    project.run("bowline types create -f type.yaml");
    format!("ct-{}", project.name)
}

#[test]
fn a_type_is_changed_in_an_editor() {
    let project = empty();
    let name = lake(&project);
    project
        .run(&format!(
            "EDITOR='sed -i s/LAKE_HOST/LAKE_ADDRESS/' bowline types edit {name}"
        ))
        .is(&format!("connection type `{name}` changed"));
    project
        .run(&format!(
            "bowline types show {name} -o jsonpath='{{.fields[0][\"envVar\",\"name\"]}}'"
        ))
        .is("LAKE_ADDRESS Host");
    project
        .run(&format!("EDITOR=true bowline types edit {name}"))
        .is(&format!("connection type `{name}` is as it was"));
    let shown = project.run(&format!("EDITOR=cat bowline types edit {name}"));
    insta::assert_snapshot!(shown.stdout.replace(&project.name, "PROJECT"));
}

/// The second time the editor finds the findings in front, and mends what they are about.
#[test]
fn findings_about_a_type_bring_the_editor_back() {
    let project = empty();
    let name = lake(&project);
    project.file(
        "editor.sh",
        "if grep -q '^# ERROR: ' \"$1\"; then sed -i s/LD_PRELOAD/LAKE_PORT/ \"$1\"; else sed -i s/LAKE_HOST/LD_PRELOAD/ \"$1\"; fi\n",
    );
    project
        .run(&format!("EDITOR='sh editor.sh' bowline types edit {name}"))
        .prints("changed");
    project
        .fails(&format!(
            "EDITOR='sed -i s/^displayName/owner/' bowline types edit {name}"
        ))
        .complains("was not changed")
        .complains("owner: a type has no such member");
}

#[test]
fn what_somebody_else_changed_in_a_type_meanwhile_is_merged_and_shown_again() {
    let project = empty();
    let name = lake(&project);
    project.file(
        "editor.sh",
        &format!("if [ ! -e first ]; then touch first; bowline types disable {name}; sed -i s/LAKE_HOST/LAKE_PORT/ \"$1\"; else cp \"$1\" second; fi\n"),
    );
    project
        .run(&format!("EDITOR='sh editor.sh' bowline types edit {name}"))
        .prints("changed");
    project
        .run("cat second")
        .prints("# NEWS: ")
        .prints("isEnabled: false\n")
        .prints("LAKE_PORT\n");
    project
        .run(&format!(
            "bowline types show {name} -o jsonpath='{{.isEnabled}} {{.fields[*].envVar}}'"
        ))
        .is("false LAKE_PORT");
}

#[test]
fn a_type_is_not_deleted_without_a_yes() {
    let project = empty();
    let name = lake(&project);
    project
        .fails(&format!("bowline types delete {name} < /dev/null"))
        .complains("nothing was deleted")
        .complains("add `--yes`");
    project.run(&format!("bowline types show {name} -o name"));
}

#[test]
fn a_taken_name_of_a_type_is_told_with_what_to_do() {
    let project = empty();
    lake(&project);
    project
        .fails("bowline types create -f type.yaml")
        .complains("choose another `name` in the file")
        .complains("`bowline types edit NAME`");
    let copy = "bowline types duplicate s3 --display-name";
    let name = format!("copy-{}", project.name);
    project.run(&format!("{copy} {name}"));
    project
        .fails(&format!("{copy} {name}"))
        .complains("choose another with `--display-name`");
}
