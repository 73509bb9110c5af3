//! Pages of `docs/reference` that are made from code: that they say what it says.

use std::path::Path;

/// Compares a page with what it must say; with `UPDATE_REFERENCE` in the environment writes it anew
/// first, as `make update-reference` does.
///
/// # Panics
/// When the page says something else, or cannot be read or written.
pub fn assert_is(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let page = folder.join(name);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&page, text).expect("the page can be written");
    }
    let stored = std::fs::read_to_string(&page).expect("the page exists");
    assert!(
        stored == text,
        "docs/reference/{name} is not what the code says: `make update-reference`"
    );
}
