//! The variables of a Notebook's container, as the kubelet makes them from `envFrom` and `env`.

use serde_json::Value;

use super::{Namespace, Stop, Variables};

/// The variables of the container that is named like the Notebook, else of the first one.
///
/// # Errors
/// When a Secret or key that is not optional is missing: the container is not started then.
pub fn notebook(object: &Value, namespace: &Namespace) -> Result<Variables, Stop> {
    let mut variables = Variables::new();
    let containers = &object["spec"]["template"]["spec"]["containers"];
    let own = object["metadata"]["name"].as_str();
    let is_own = |container: &&Value| container["name"].as_str() == own;
    let container = containers
        .as_array()
        .and_then(|all| all.iter().find(is_own).or(all.first()));
    let Some(container) = container else {
        return Ok(variables);
    };
    // Later sources win over earlier ones, and `env` over all of them.
    for source in container["envFrom"].as_array().into_iter().flatten() {
        add_all(&mut variables, source, namespace)?;
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        add_one(&mut variables, variable, namespace)?;
    }
    Ok(variables)
}

fn add_all(variables: &mut Variables, source: &Value, namespace: &Namespace) -> Result<(), Stop> {
    let reference = &source["secretRef"];
    let Some(name) = reference["name"].as_str() else {
        return Ok(());
    };
    let secret = match namespace.secret(name) {
        Err(_) if reference["optional"] == true => return Ok(()),
        found => found?,
    };
    let prefix = source["prefix"].as_str().unwrap_or_default();
    for (key, value) in &secret.data {
        variables.insert(format!("{prefix}{key}"), value.clone());
    }
    Ok(())
}

fn add_one(variables: &mut Variables, variable: &Value, namespace: &Namespace) -> Result<(), Stop> {
    let Some(name) = variable["name"].as_str() else {
        return Ok(());
    };
    let reference = &variable["valueFrom"]["secretKeyRef"];
    let value = match (reference["name"].as_str(), reference["key"].as_str()) {
        (Some(secret), Some(key)) => match namespace.value(secret, key) {
            Err(_) if reference["optional"] == true => return Ok(()),
            found => found?,
        },
        _ => variable["value"].as_str().unwrap_or_default().into(),
    };
    variables.insert(name.to_owned(), value);
    Ok(())
}
