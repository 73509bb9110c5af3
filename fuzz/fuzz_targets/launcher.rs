//! `kfp-launcher` and a pipeline root, as every release of Kubeflow Pipelines would take them.
#![no_main]

use bowline_fuzz::parts;
use bowline_pipelines::launcher::{LauncherConfig, notes, resolve};
use bowline_pipelines::model::Release;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [config, root] = parts(input);
    let Ok(root) = std::str::from_utf8(root) else { return };
    let config = LauncherConfig::parse(config).unwrap_or_default();
    for release in [Release::new(2, 0, 0), Release::new(2, 4, 0), Release::MASTER] {
        for root in [root, config.root()] {
            if let Err(error) = resolve(&config, root, release) {
                assert!(!error.help().is_empty());
            }
            let _ = notes(&config, root, release);
        }
    }
});
