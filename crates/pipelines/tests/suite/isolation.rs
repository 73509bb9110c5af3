//! Policies on a real S3 server with access rules: what each subject may and may not do, as a matrix.
//! Names are chosen so that one profile's begins as another's.

use std::fmt::Write;

use bowline_pipelines::deploykf::read;
use bowline_pipelines::model::DeploykfRelease;
use bowline_pipelines::policies::simulate::{Request, allows};
use bowline_pipelines::policies::{Dialect, Form, Policies, merged, policies};
use bowline_pipelines::releases::NEWEST_KFP;
use bowline_pipelines::{Deployment, InputFile};
use bowline_testkit::s3::{Call, S3, User};
use rstest::rstest;
use serde_json::Value;

/// Who calls, by the names that bucket policies know them by.
const SUBJECTS: [&str; 3] = ["backend", "profile--team-1", "profile--team-10"];

/// What is called: a name, a method, a path in the bucket, a query, and who may.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    [bool; 3],
);

const BACKEND: [bool; 3] = [true, false, false];
const TEAM_1: [bool; 3] = [true, true, false];
const TEAM_10: [bool; 3] = [true, false, true];
const NOBODY: [bool; 3] = [false, false, false];
const EVERYBODY: [bool; 3] = [true, true, true];

const MATRIX: &[Row] = &[
    ("GET", "artifacts/team-1/w/main.log", &[], TEAM_1),
    ("PUT", "artifacts/team-1/w/main.log", &[], TEAM_1),
    ("GET", "artifacts/team-10/w/main.log", &[], TEAM_10),
    ("PUT", "artifacts/team-10/w/main.log", &[], TEAM_10),
    ("GET", "v2/artifacts/team-1/p/model", &[], TEAM_1),
    ("PUT", "v2/artifacts/team-1/p/model", &[], TEAM_1),
    ("GET", "v2/artifacts/team-10/p/model", &[], TEAM_10),
    ("PUT", "v2/artifacts/team-10/p/model", &[], TEAM_10),
    ("GET", "pipelines/one", &[], BACKEND),
    ("PUT", "pipelines/one", &[], BACKEND),
    ("GET", "elsewhere/one", &[], NOBODY),
    ("PUT", "elsewhere/one", &[], NOBODY),
    ("PUT", "artifacts/one", &[], BACKEND),
    ("PUT", "artifacts/team-1", &[], BACKEND),
    (
        "POST",
        "v2/artifacts/team-1/p/large",
        &[("uploads", "")],
        TEAM_1,
    ),
    (
        "POST",
        "v2/artifacts/team-10/p/large",
        &[("uploads", "")],
        TEAM_10,
    ),
    ("GET", "", &[("location", "")], EVERYBODY),
    ("GET", "", &[("prefix", "artifacts/team-1/")], TEAM_1),
    ("GET", "", &[("prefix", "artifacts/team-1/w/")], TEAM_1),
    ("GET", "", &[("prefix", "v2/artifacts/team-1/")], TEAM_1),
    ("GET", "", &[("prefix", "artifacts/team-10/")], TEAM_10),
    (
        "GET",
        "",
        &[("list-type", "2"), ("prefix", "v2/artifacts/team-10/p/")],
        TEAM_10,
    ),
    ("GET", "", &[("prefix", "artifacts/team-1")], BACKEND),
    ("GET", "", &[("prefix", "artifacts/")], BACKEND),
    ("GET", "", &[("prefix", "pipelines/")], BACKEND),
    ("GET", "", &[("prefix", "elsewhere/")], NOBODY),
    ("GET", "", &[("prefix", "")], NOBODY),
    ("GET", "", &[], NOBODY),
    ("GET", "", &[("policy", "")], NOBODY),
    ("GET", "", &[("uploads", "")], NOBODY),
    ("DELETE", "artifacts/team-1/w/main.log", &[], TEAM_1),
    ("DELETE", "artifacts/team-10/w/main.log", &[], TEAM_10),
    ("DELETE", "pipelines/one", &[], BACKEND),
    ("DELETE", "elsewhere/one", &[], NOBODY),
];

const OBJECTS: [&str; 6] = [
    "artifacts/team-1/w/main.log",
    "artifacts/team-10/w/main.log",
    "v2/artifacts/team-1/p/model",
    "v2/artifacts/team-10/p/model",
    "pipelines/one",
    "elsewhere/one",
];

fn deployment(bucket: &str, key_format: &str) -> Deployment {
    let values = format!(
        "
deploykf_core: {{deploykf_profiles_generator: {{profiles: [{{name: team-1}}, {{name: team-10}}]}}}}
kubeflow_dependencies: {{kubeflow_argo_workflows: {{artifactRepository: {{keyFormat: '{key_format}'}}}}}}
kubeflow_tools:
  pipelines:
    bucket: {{name: {bucket}, region: us-east-1}}
    objectStore: {{useExternal: true, host: store.example.com, auth: {{existingSecret: s}}}}
"
    );
    let file = InputFile {
        name: "values.yaml",
        text: &values,
    };
    let read = read(&[file], DeploykfRelease::V0_1_5).deployment;
    let mut deployment = read.expect("values without refusals");
    deployment.releases.kfp = NEWEST_KFP;
    deployment
}

const KEY_FORMAT: &str = "artifacts/{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}";
const SHARED_KEY_FORMAT: &str = "artifacts/{{workflow.name}}/{{pod.name}}";

/// Where a policy is put.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// One policy of the bucket that names everybody.
    OfTheBucket,
    /// A policy of each user, as AWS and MinIO have them.
    OfEachUser,
}

/// A bucket with objects, users, and their policies.
struct Scene<'a> {
    server: &'a S3,
    bucket: String,
    users: Vec<User>,
}

impl<'a> Scene<'a> {
    fn new(server: &'a S3, bucket: &str, key_format: &str, kind: Kind) -> anyhow::Result<Self> {
        let deployment = deployment(bucket, key_format);
        server.make_bucket(bucket)?;
        for key in OBJECTS {
            server.put(bucket, key, b"content")?;
        }
        // Users are the server's, not the bucket's, so each scene has its own.
        let name = |subject: &&str| format!("kubeflow-pipelines--{subject}.{bucket}");
        let users = SUBJECTS
            .iter()
            .map(|subject| server.make_user(&name(subject)));
        let scene = Self {
            server,
            bucket: bucket.to_owned(),
            users: users.collect::<anyhow::Result<_>>()?,
        };
        match kind {
            Kind::OfTheBucket => {
                scene.put_bucket_policy(&policies(&deployment, Dialect::Ceph, Form::Limited))?
            }
            Kind::OfEachUser => {
                scene.put_user_policies(&policies(&deployment, Dialect::Aws, Form::Limited))?
            }
        }
        Ok(scene)
    }

    fn put_bucket_policy(&self, policies: &Policies) -> anyhow::Result<()> {
        let whole = merged(policies, Dialect::Ceph).expect("one policy for the bucket");
        let mut text = whole.to_string();
        for subject in SUBJECTS {
            let name = format!("user/kubeflow-pipelines--{subject}\"");
            let own = format!("user/kubeflow-pipelines--{subject}.{}\"", self.bucket);
            text = text.replace(&name, &own);
        }
        let call = Call {
            method: "PUT",
            path: &self.bucket,
            query: &[("policy", "")],
            body: &text,
        };
        let status = self.server.calls(&self.server.owner(), &[call])?;
        anyhow::ensure!(
            matches!(status[..], [200 | 204]),
            "the bucket's policy was refused: {status:?}"
        );
        Ok(())
    }

    fn put_user_policies(&self, policies: &Policies) -> anyhow::Result<()> {
        let of_subject = |subject: &str| -> &Value {
            match subject.strip_prefix("profile--") {
                Some(profile) => &policies.profiles[profile],
                None => &policies.backend,
            }
        };
        for (user, subject) in self.users.iter().zip(SUBJECTS) {
            let document = of_subject(subject).to_string();
            self.server.give_policy(user, &document)?;
        }
        Ok(())
    }

    /// Every call of the matrix that ends otherwise than it should.
    fn violations(&self) -> anyhow::Result<String> {
        // What is deleted must have been there for everybody.
        let is_delete = |row: &&Row| row.0 == "DELETE";
        let (deletes, others): (Vec<_>, Vec<_>) = MATRIX.iter().partition(is_delete);
        let mut found = String::new();
        for rows in [others, deletes] {
            for subject in 0..SUBJECTS.len() {
                self.try_out(subject, &rows, &mut found)?;
            }
        }
        Ok(found)
    }

    fn try_out(&self, subject: usize, rows: &[&Row], found: &mut String) -> anyhow::Result<()> {
        let path = |key: &str| {
            format!("{}/{key}", self.bucket)
                .trim_end_matches('/')
                .to_owned()
        };
        let paths: Vec<_> = rows.iter().map(|row| path(row.1)).collect();
        let calls = rows
            .iter()
            .zip(&paths)
            .map(|((method, _, query, _), path)| Call {
                method,
                path,
                query,
                body: "",
            });
        let calls: Vec<_> = calls.collect();
        let statuses = self.server.calls(&self.users[subject], &calls)?;
        for ((row, call), status) in rows.iter().zip(&calls).zip(statuses) {
            let is_allowed = match status {
                200 | 204 => true,
                403 => false,
                other => anyhow::bail!("{call:?}: {other}"),
            };
            if is_allowed != row.3[subject] {
                let verb = if is_allowed { "may" } else { "may not" };
                let Call {
                    method,
                    path,
                    query,
                    ..
                } = call;
                writeln!(
                    found,
                    "{} {verb} {method} {path} {query:?}",
                    SUBJECTS[subject]
                )?;
            }
        }
        Ok(())
    }
}

#[rstest]
#[case::by_one_policy_of_the_bucket("by-bucket", Kind::OfTheBucket)]
#[case::by_a_policy_of_each_user("by-user", Kind::OfEachUser)]
fn everybody_reaches_their_own_and_nothing_else(
    #[case] bucket: &str,
    #[case] kind: Kind,
) -> anyhow::Result<()> {
    let Some(server) = S3::shared() else {
        return Ok(());
    };
    let scene = Scene::new(server, bucket, KEY_FORMAT, kind)?;
    assert_eq!(scene.violations()?, "");
    Ok(())
}

#[test]
fn a_layout_without_the_namespace_is_seen_to_lose_isolation() -> anyhow::Result<()> {
    let Some(server) = S3::shared() else {
        return Ok(());
    };
    let scene = Scene::new(server, "shared", SHARED_KEY_FORMAT, Kind::OfTheBucket)?;
    let found = scene.violations()?;
    assert!(
        found.contains("profile--team-1 may GET shared/artifacts/team-10/w/main.log"),
        "{found}"
    );
    Ok(())
}

/// What a row asks for, in the words of policies.
fn request<'a>(row: &'a Row) -> Request<'a> {
    let (method, key, query, _) = row;
    let parameter = |name: &str| {
        query
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    match (*method, *key) {
        ("GET", "") if parameter("location").is_some() => Request::Bucket {
            action: "s3:GetBucketLocation",
        },
        ("GET", "") if parameter("policy").is_some() => Request::Bucket {
            action: "s3:GetBucketPolicy",
        },
        ("GET", "") if parameter("uploads").is_some() => Request::Bucket {
            action: "s3:ListBucketMultipartUploads",
        },
        ("GET", "") => Request::List {
            prefix: parameter("prefix"),
        },
        ("GET", key) => Request::Object {
            action: "s3:GetObject",
            key,
        },
        ("DELETE", key) => Request::Object {
            action: "s3:DeleteObject",
            key,
        },
        (_, key) => Request::Object {
            action: "s3:PutObject",
            key,
        },
    }
}

#[test]
fn the_simulation_says_what_the_real_server_does() {
    let made = policies(
        &deployment("models", KEY_FORMAT),
        Dialect::Aws,
        Form::Limited,
    );
    let of_subjects = [
        &made.backend,
        &made.profiles["team-1"],
        &made.profiles["team-10"],
    ];
    for row in MATRIX {
        let may = of_subjects.map(|policy| allows(policy, "models", request(row)));
        assert_eq!(may, row.3, "{row:?}");
    }
}
