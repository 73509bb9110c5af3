//! What all tests share: the S3 server with a model on it, KServe's storage code, and playing one
//! connection through to the bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use bowline_cluster_tests::storage::run::{Cause, Python};
use bowline_cluster_tests::storage::{Container, KServe, Stop, notebook, serving};
use bowline_core::WorkloadKind;
use bowline_testkit::S3;
use bowline_testkit::s3::Ready;

use super::dialect::{Connection, Dialect};
use super::objects::{Admitted, Scene, admit};

/// Bucket of the model.
pub(crate) const BUCKET: &str = "charts";
/// Where in the bucket it is.
pub(crate) const PATH: &str = "llm/tide";
/// Where a model is that has a neighbour with a longer name.
pub(crate) const CROWDED: &str = "llm/ebb";

/// A server and a Python.
pub(crate) struct Stage {
    pub(crate) server: &'static Ready,
    python: &'static Python,
}

/// What a folder holds.
pub(crate) type Model = BTreeMap<String, Vec<u8>>;

/// How it ended, short of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Bowline refuses the workload, and says why.
    Denied(String),
    /// No container comes to run.
    Stopped(Stop),
    /// Nothing is fetched, and nobody complains.
    Nothing,
    /// It fails when it fetches.
    Failed(Cause),
}

impl Stage {
    /// The stage, or `None` where its parts cannot be had, which they say themselves.
    pub(crate) fn set() -> Option<&'static Self> {
        static STAGE: OnceLock<Option<Stage>> = OnceLock::new();
        let build = || {
            let (s3, python) = (S3::shared()?, Python::shared()?);
            s3.make_bucket(BUCKET).expect("a bucket");
            for place in [PATH, CROWDED] {
                for (name, content) in model() {
                    s3.put(BUCKET, &format!("{place}/{name}"), &content)
                        .expect("a file of the model");
                }
            }
            s3.put(BUCKET, &format!("{CROWDED}-2/config.json"), b"{}")
                .expect("a neighbour");
            Some(Self {
                server: &s3.ready,
                python,
            })
        };
        STAGE.get_or_init(build).as_ref()
    }

    /// A good connection, without TLS.
    pub(crate) fn connection(&self, dialect: Dialect) -> Connection {
        Connection {
            dialect,
            endpoint: self.server.endpoint.clone(),
            bucket: BUCKET.to_owned(),
            access_key: self.server.access_key.clone(),
            secret_key: self.server.secret_key.clone(),
            annotations: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// A good connection to the port with TLS.
    pub(crate) fn tls_connection(&self, dialect: Dialect) -> Connection {
        let endpoint = self.server.tls_endpoint.clone();
        Connection {
            endpoint,
            ..self.connection(dialect)
        }
    }

    /// The certificate of the server's CA.
    pub(crate) fn ca(&self) -> String {
        std::fs::read_to_string(&self.server.ca).expect("the CA's certificate")
    }

    /// Has a workload admitted, makes of it what the pod would get, and fetches.
    pub(crate) async fn play(&self, scene: &Scene, kserve: KServe) -> Result<Model, End> {
        let admitted = admit(scene).await.map_err(End::Denied)?;
        self.fetch(&admitted, kserve)
    }

    /// Makes of what is stored what the pod would get, and fetches.
    pub(crate) fn fetch(&self, admitted: &Admitted, kserve: KServe) -> Result<Model, End> {
        let root = tempfile::tempdir().expect("a folder");
        let kind = WorkloadKind::of_object(&admitted.workload);
        let done = if kind == Some(WorkloadKind::Notebook) {
            let Admitted {
                workload,
                namespace,
            } = admitted;
            let variables = notebook(workload, namespace).map_err(End::Stopped)?;
            self.python.read_bucket(&variables, root.path())
        } else {
            let container = container(admitted, kserve)?;
            self.python.fetch(&container, root.path())
        };
        match done {
            Ok(folder) => Ok(read(&folder)),
            Err(failure) => {
                anstream::println!("{failure}");
                Err(End::Failed(failure.cause))
            }
        }
    }
}

/// The container that fetches for an admitted workload.
pub(crate) fn container(admitted: &Admitted, kserve: KServe) -> Result<Container, End> {
    let found = serving(&admitted.workload, &admitted.namespace, kserve);
    found.map_err(End::Stopped)?.ok_or(End::Nothing)
}

/// A model: text, a folder, and more bytes than fit into one read.
pub(crate) fn model() -> Model {
    let weights: Vec<u8> = (0..300_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    Model::from([
        (
            "config.json".to_owned(),
            br#"{"model_type": "tide"}"#.to_vec(),
        ),
        ("model.bin".to_owned(), weights),
        ("tokenizer/vocab.txt".to_owned(), b"ebb\nflow\n".to_vec()),
    ])
}

fn read(folder: &Path) -> Model {
    let mut model = Model::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)
            .expect("a folder of the model")
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .expect("below the folder")
                .display()
                .to_string();
            model.insert(name, std::fs::read(&path).expect("a file of the model"));
        }
    }
    model
}
