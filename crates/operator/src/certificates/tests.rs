//! A certificate for the tests of other modules.

use super::*;

/// A serving handle with a certificate for these names, and the authority to trust.
pub(crate) fn self_made(names: &[&str]) -> (Serving, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = bundle::Bundle::make(&names, Lives::default(), Timestamp::now()).unwrap();
    let serving = Serving::new(Arc::default());
    serving.replace(made.pair().clone());
    (serving, made.authorities())
}
