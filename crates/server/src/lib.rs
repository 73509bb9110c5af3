//! Serves connections to people and programs over HTTP: REST and its OpenAPI document, ODAHU's API,
//! sign-in. What a connection is and how it is stored is left to `core` and `catalog`; who may do
//! what is left to the Kubernetes API, which every request reaches with its sender's own rights.
