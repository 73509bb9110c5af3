//! The CA bundle of the container that fetches (`CommonStorageInitialization` in
//! `pkg/webhook/admission/pod`, `injectCaBundle` in `pkg/controller/v1alpha2/llmisvc`).

use super::{Container, Namespace, Stop};

/// Variable that names the ConfigMap with the bundle.
pub(super) const CONFIG_MAP: &str = "AWS_CA_BUNDLE_CONFIGMAP";
/// Variable that names the bundle's file.
pub(super) const FILE: &str = "AWS_CA_BUNDLE";

/// Where the bundle is mounted when no variable says where.
const FOLDER: &str = "/etc/ssl/custom-certs";

/// Mounts the ConfigMap that the variables name, which must exist: a volume is not optional.
pub(super) fn mount(container: &mut Container, namespace: &Namespace) -> Result<(), Stop> {
    let Some(name) = container.variable(CONFIG_MAP).map(str::to_owned) else {
        return Ok(());
    };
    let file = container
        .variable(FILE)
        .and_then(|file| file.rsplit_once('/'));
    let folder = file.map_or(FOLDER, |(folder, _)| folder).to_owned();
    let files = namespace.config_maps.get(&name).cloned();
    let files = files.ok_or_else(|| Stop::NoConfigMap(name.clone()))?;
    container.set("CA_BUNDLE_CONFIGMAP_NAME", name);
    container.set("CA_BUNDLE_VOLUME_MOUNT_POINT", folder.as_str());
    container.mounts.insert(folder, files);
    Ok(())
}
