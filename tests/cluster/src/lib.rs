//! A real Kubernetes API for tests: etcd and kube-apiserver as child processes, the workload kinds
//! installed, and Bowline's admission registered with it. What is proved with them is left to `suite`.

mod admission;
mod assets;
mod certificates;
pub mod chart;
mod cluster;
mod control_plane;
pub mod differential;
mod operator;
mod process;
mod proxy;
mod shared;
pub mod storage;
mod wait;

pub use admission::{Bowline, Call, configurations, configurations_of, wait_until_asked};
pub use assets::{assets, skipped};
pub use certificates::{Authority, Signed};
pub use cluster::{Cluster, field_kinds, workload_kinds};
pub use control_plane::ControlPlane;
pub use operator::{Installation, Operator, program};
pub use proxy::{Fault, Passed, Proxy};
pub use shared::{Shared, own, own_audited, own_with, own_with_schemas, shared};
pub use wait::until;
