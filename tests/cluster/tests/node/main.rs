//! Bowline beside a real kubelet: pods that test connections, the chart's own pods, and workloads
//! that run with what was injected. `scripts/node.sh` starts the node; without one these tests are
//! skipped, loudly.

mod installed;
mod reach;
mod scene;
mod testing;
