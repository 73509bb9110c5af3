//! Shows objects as rows of a `meta.k8s.io/v1` Table. Pure: the time is passed in. Which kind an
//! object is, and in which form the client wants it, is left to the callers.

mod cells;
mod columns;
mod duration;
mod path;
mod pod;
#[cfg(test)]
mod tests;

pub use columns::built_in;
pub use path::{JsonPath, JsonPathError};

use jiff::Timestamp;
use serde_json::{Value, json};

/// One column of a kind.
#[derive(Clone, Debug)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub r#type: String,
    /// An `OpenAPI` format such as `name`, or empty.
    pub format: String,
    /// What the column means.
    pub description: String,
    /// 0 is always shown, above only with `-o wide`.
    pub priority: i64,
    /// Where the cell comes from.
    pub source: Source,
}

/// Where the cells of a column come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// What a path finds, as in `additionalPrinterColumns` of a custom resource.
    Path(JsonPath),
    /// What a function computes from the object and the time.
    Computed(fn(&Value, Timestamp) -> Value),
}

/// How much of the object a row carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata, as a `PartialObjectMetadata`.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Column {
    /// The columns of a custom resource: its name, then those of `additionalPrinterColumns`, or
    /// its age where there are none.
    pub fn of_custom_resource(
        printer_columns: Option<&Value>,
    ) -> Result<Vec<Column>, JsonPathError> {
        match printer_columns
            .and_then(Value::as_array)
            .filter(|columns| !columns.is_empty())
        {
            None => Ok(columns::name_and_age()),
            Some(columns) => {
                let own = columns.iter().map(Column::of_printer_column);
                std::iter::once(Ok(columns::name())).chain(own).collect()
            }
        }
    }

    fn of_printer_column(definition: &Value) -> Result<Column, JsonPathError> {
        let text = |name| definition[name].as_str().unwrap_or_default().to_owned();
        Ok(Column {
            name: text("name"),
            r#type: text("type"),
            format: text("format"),
            description: match text("description") {
                none if none.is_empty() => format!("what stands at {}", text("jsonPath")),
                words => words,
            },
            priority: definition["priority"].as_i64().unwrap_or_default(),
            source: Source::Path(text("jsonPath").parse()?),
        })
    }

    fn cell(&self, object: &Value, now: Timestamp) -> Value {
        match &self.source {
            Source::Path(path) => path.find(object).first().map_or(Value::Null, |value| {
                cells::of_type(&self.r#type, value, now)
            }),
            Source::Computed(compute) => compute(object, now),
        }
    }

    fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.r#type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }
}

/// A Table of these objects; `list_metadata` is that of the list, or of the single object.
pub fn render(
    columns: &[Column],
    objects: &[Value],
    include: IncludeObject,
    list_metadata: Value,
    now: Timestamp,
) -> Value {
    let row = |object| {
        let cells: Value = columns
            .iter()
            .map(|column| column.cell(object, now))
            .collect();
        json!({ "cells": cells, "object": included(object, include) })
    };
    let mut table = json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": null,
        "columnDefinitions": columns.iter().map(Column::definition).collect::<Value>(),
        "rows": objects.iter().map(row).collect::<Value>(),
    });
    table["metadata"] = list_metadata;
    table
}

fn included(object: &Value, include: IncludeObject) -> Value {
    match include {
        IncludeObject::None => Value::Null,
        IncludeObject::Metadata => json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"],
        }),
        IncludeObject::Object => object.clone(),
    }
}
