//! The built-in kinds, as tables. A row says what is particular to a kind; everything else is the
//! same for all and done by the pipeline.

mod core;
mod defaults;
mod extensions;
mod policies;
mod reviews;
mod workloads;

use crate::resource::{Check, Nature, Prepare, Resource, Scale};
use crate::schema::Schema;
use crate::table;
use crate::validate::names::NameRule;

/// What is particular to one built-in kind.
#[derive(Clone, Copy)]
struct Row {
    group: &'static str,
    version: &'static str,
    /// The OpenAPI package of its type.
    package: &'static str,
    kind: &'static str,
    plural: &'static str,
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
    is_namespaced: bool,
    nature: Nature,
    has_status: bool,
    has_scale: bool,
    has_generation: bool,
    is_created_by_update: bool,
    stored_as: Option<&'static str>,
    renames: &'static [(&'static str, &'static str)],
    names: NameRule,
    selectable: &'static [&'static str],
    prepare: Prepare,
    check: Check,
}

/// A namespaced kind of the core group without anything particular.
const PLAIN: Row = Row {
    group: "",
    version: "v1",
    package: "io.k8s.api.core.v1",
    kind: "",
    plural: "",
    short_names: &[],
    categories: &[],
    is_namespaced: true,
    nature: Nature::Stored,
    has_status: false,
    has_scale: false,
    has_generation: false,
    is_created_by_update: false,
    stored_as: None,
    renames: &[],
    names: NameRule::Subdomain,
    selectable: &[],
    prepare: |_, _| {},
    check: |_, _| Vec::new(),
};

fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        core::ROWS,
        workloads::ROWS,
        policies::ROWS,
        extensions::ROWS,
        reviews::ROWS,
    ];
    tables.into_iter().flatten()
}

/// Every built-in kind.
pub(crate) fn built_in() -> Vec<Resource> {
    rows().map(resource).collect()
}

fn resource(row: &Row) -> Resource {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Resource {
        group: row.group.to_owned(),
        version: row.version.to_owned(),
        kind: row.kind.to_owned(),
        list_kind: format!("{}List", row.kind),
        plural: row.plural.to_owned(),
        singular: row.kind.to_lowercase(),
        short_names: owned(row.short_names),
        categories: owned(row.categories),
        is_namespaced: row.is_namespaced,
        nature: row.nature,
        has_status: row.has_status,
        scale: row.has_scale.then(Scale::built_in),
        has_generation: row.has_generation,
        is_created_by_update: row.is_created_by_update,
        is_custom: false,
        stored_as: row
            .stored_as
            .map_or_else(|| format!("{}/{}", row.group, row.plural), str::to_owned),
        renames: row.renames,
        names: row.names,
        selectable: owned(row.selectable),
        columns: table::built_in(row.group, row.kind),
        schema: Schema::built_in(&format!("{}.{}", row.package, row.kind)),
        prepare: row.prepare,
        check: row.check,
        deprecation: None,
    }
}

/// The groups that built-in kinds belong to.
pub(crate) fn groups() -> Vec<&'static str> {
    rows().map(|row| row.group).collect()
}
