//! The reference page of releases, made of the tables; the tables are left to the parent.

use std::fmt::Write;

use super::*;

/// The text of `docs/reference/pipelines-releases.md`.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    matrix(&mut page);
    api_servers(&mut page);
    abilities(&mut page);
    queries(&mut page);
    argo(&mut page);
    page
}

const HEAD: &str = "\
# Releases of Kubeflow Pipelines and Argo Workflows

What each release understands of an object store. `bowline pipelines` goes by these tables when it
renders for a release (`--kfp`, `--argo`), resolves a root, and warns. The page is made from the
tables in the code; a test fails when they differ.
";

const MATRIX: [(&str, Ability); 5] = [
    ("query in the root", Ability::QueryRoot),
    ("`providers`", Ability::Providers),
    ("`forcePathStyle`", Ability::ForcePathStyle),
    ("`maxRetries`", Ability::MaxRetries),
    ("`fromEnv` with settings", Ability::EnvironmentSettings),
];

fn row(page: &mut String, cells: &[&str]) {
    // Writing into a String cannot fail.
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn table(page: &mut String, title: &str, head: &[&str]) {
    let _ = writeln!(page, "\n## {title}\n");
    row(page, head);
    row(page, &vec!["---"; head.len()]);
}

/// A release as people write it.
pub(crate) fn short(release: Release) -> String {
    match release {
        Release::MASTER => release.to_string(),
        Release {
            patch: 0,
            major,
            minor,
        } => format!("{major}.{minor}"),
        whole => whole.to_string(),
    }
}

fn matrix(page: &mut String) {
    let names = MATRIX.map(|(name, _)| name);
    let head = [
        &["Kubeflow Pipelines"],
        &names[..],
        &["old options in a query", "built-in store"],
    ]
    .concat();
    table(page, "At a glance", &head);
    for release in KFP {
        let mut cells = vec![short(release)];
        let yes = |is: bool| if is { "yes" } else { "" }.to_owned();
        cells.extend(MATRIX.map(|(_, ability)| yes(kfp_can(release, ability))));
        let old = match (
            refused_option(release, "disableSSL=true"),
            query_options(release).has_sdk_v1,
        ) {
            (None, _) => "yes",
            (Some(_), true) => "with `awssdk=v1`",
            (Some(_), false) => "",
        };
        cells.extend([old.to_owned(), format!("`{}`", built_in_endpoint(release))]);
        row(page, &cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn api_servers(page: &mut String) {
    table(
        page,
        "API server",
        &[
            "from",
            "client",
            "both keys empty",
            "addressing",
            "bucket not found",
        ],
    );
    for server in &API_SERVERS {
        let from = if server.since.major == 0 {
            "1.8".to_owned()
        } else {
            short(server.since)
        };
        row(
            page,
            &[
                &from,
                server.client,
                server.empty_keys.as_str(),
                server.addressing.as_str(),
                server.missing_bucket.as_str(),
            ],
        );
    }
    page.push_str(
        "\nLeaving the two keys out selects the built-in `minio` and `minio123`; only keys that are\npresent and empty select what the third column says.\n",
    );
}

fn abilities(page: &mut String) {
    table(
        page,
        "Launcher, driver and UI",
        &["from", "what is understood"],
    );
    for one in &ABILITIES {
        row(page, &[&short(one.release), one.what]);
    }
}

fn queries(page: &mut String) {
    table(
        page,
        "Options in a root's query",
        &["from", "Go CDK", "options", "`awssdk=v1`"],
    );
    for one in &QUERY_OPTIONS {
        let from = if one.since.major == 0 {
            "2.0".to_owned()
        } else {
            short(one.since)
        };
        let options: Vec<_> = one.options.iter().map(|name| format!("`{name}`")).collect();
        let first_sdk = match (one.since.major, one.has_sdk_v1) {
            (0, _) => "is all there is",
            (_, true) => "brings the old options back",
            (_, false) => "is gone",
        };
        row(page, &[&from, one.go_cdk, &options.join(", "), first_sdk]);
    }
}

fn argo(page: &mut String) {
    table(
        page,
        "Fields of Argo's S3 repository",
        &["field", "from Argo"],
    );
    for field in &ARGO_FIELDS {
        row(page, &[&format!("`{}`", field.name), &short(field.since)]);
    }
    let _ = writeln!(
        page,
        "\nKubeflow Pipelines 2.1 ships Argo {}, and {} ships {}.",
        short(argo_of(Release::new(2, 1, 0))),
        short(NEWEST_KFP),
        short(argo_of(NEWEST_KFP)),
    );
}
