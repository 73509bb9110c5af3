//! Pages of objects, of the present state or of one that the history still knows.

use super::{State, blob};
use crate::store::error::{StoreError, database};
use crate::store::seal::Place;
use crate::store::{ListQuery, Listed, ObjectKey};
use rusqlite::{ToSql, params_from_iter};

/// A place between two objects in the order of lists.
type Between = (String, String);

impl State<'_> {
    /// One page, of what `open` makes of what is stored; nothing where it is not to be listed. How
    /// many come after it is not told.
    pub(super) fn list_as<T>(
        &self,
        query: &ListQuery,
        open: impl Fn(Place<'_>, &[u8]) -> Result<Option<T>, StoreError>,
    ) -> Result<Listed<T>, StoreError> {
        let version = match query.at {
            None => self.present()?,
            Some(at) => self.known(at).map(|()| at)?,
        };
        let step = || database("list objects");
        let range = Range {
            query,
            after: query.after.as_ref(),
            version,
        };
        let sql = range.sql(
            "namespace, name, version, value",
            "namespace, name, before_version, before",
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(step())?;
        let values = range.values();
        let mut rows = statement.query(params_from_iter(values)).map_err(step())?;
        let mut listed = Listed {
            version,
            items: Vec::new(),
            next: None,
            remaining: None,
        };
        let mut last = None;
        while let Some(row) = rows.next().map_err(step())? {
            let (namespace, name, at) = row
                .get(0)
                .and_then(|namespace| Ok((namespace, row.get(1)?, row.get(2)?)))
                .map_err(step())?;
            let key = ObjectKey {
                resource: query.resource.clone(),
                namespace,
                name,
            };
            let place = Place {
                key: &key,
                version: at,
            };
            let Some(item) = open(place, blob(row, 3).map_err(step())?)? else {
                continue;
            };
            if query.limit.is_some_and(|limit| listed.items.len() >= limit) {
                listed.next = last;
                break;
            }
            listed.items.push(item);
            last = Some((key.namespace, key.name));
        }
        Ok(listed)
    }

    /// The page with how many objects come after it, where that can be told without opening them.
    pub(super) fn counted<T>(
        &self,
        query: &ListQuery,
        page: Listed<T>,
    ) -> Result<Listed<T>, StoreError> {
        let remaining = match (&query.filter, &page.next) {
            (Some(_), _) => None,
            (None, None) => Some(0),
            (None, after) => Some(self.count(&Range {
                query,
                after: after.as_ref(),
                version: page.version,
            })?),
        };
        Ok(Listed { remaining, ..page })
    }

    fn count(&self, range: &Range<'_>) -> Result<u64, StoreError> {
        let key = "namespace, name";
        let sql = format!("SELECT count(*) FROM ({})", range.sql(key, key));
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row(params_from_iter(range.values()), |row| row.get(0))
            })
            .map_err(database("count objects"))
    }
}

/// The objects that a query is about, from a place on.
struct Range<'a> {
    query: &'a ListQuery,
    after: Option<&'a Between>,
    version: u64,
}

impl Range<'_> {
    /// The state at a version is what has not changed since, and what the first change since then
    /// replaced. Both halves come in the order of an index, so nothing is sorted or held.
    fn sql(&self, present: &str, past: &str) -> String {
        let range = match self.query.namespace {
            Some(_) => "resource = ?1 AND namespace = ?2 AND name > ?3",
            None => "resource = ?1 AND (namespace, name) > (?2, ?3)",
        };
        match self.query.at {
            None => format!("SELECT {present} FROM objects WHERE {range} ORDER BY namespace, name"),
            Some(_) => format!(
                "SELECT {present} FROM objects WHERE {range} AND version <= ?4 UNION ALL \
                 SELECT {past} FROM history \
                 WHERE {range} AND version > ?4 AND before_version <= ?4 \
                 ORDER BY namespace, name"
            ),
        }
    }

    fn values(&self) -> Vec<&dyn ToSql> {
        // No namespace or name is empty where it matters, so nothing comes before two empty ones.
        let (namespace, name): (&dyn ToSql, &dyn ToSql) = match self.after {
            Some((namespace, name)) => (namespace, name),
            None => (&"", &""),
        };
        let namespace = self.query.namespace.as_ref().map_or(namespace, |one| one);
        let mut values: Vec<&dyn ToSql> = vec![&self.query.resource, namespace, name];
        if self.query.at.is_some() {
            values.push(&self.version);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layout;
    use rstest::rstest;
    use rusqlite::StatementStatus;

    #[rstest]
    #[case::everywhere(None, None)]
    #[case::one_namespace(Some("a"), None)]
    #[case::everywhere_at_a_version(None, Some(1))]
    #[case::one_namespace_at_a_version(Some("a"), Some(1))]
    fn a_page_is_read_by_index_and_without_sorting(
        #[case] namespace: Option<&str>,
        #[case] at: Option<u64>,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        std::fs::File::create(&path).unwrap();
        let connection = layout::writing(&path, "").unwrap();
        let namespace = namespace.map(str::to_owned);
        let query = ListQuery {
            namespace,
            at,
            ..ListQuery::default()
        };
        let range = Range {
            query: &query,
            after: None,
            version: 1,
        };
        let sql = range.sql("namespace, name, value", "namespace, name, before");
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let plan: Vec<String> = statement
            .query_map(params_from_iter(range.values()), |row| row.get("detail"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let is_flat = plan
            .iter()
            .all(|step| !step.contains("SCAN") && !step.contains("TEMP"));
        assert!(is_flat, "{plan:#?}");
    }

    #[test]
    fn a_page_is_planned_once_for_all_values() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        std::fs::File::create(&path).unwrap();
        let connection = layout::writing(&path, "").unwrap();
        for resource in ["/secrets", "/configmaps", "/pods"] {
            let query = ListQuery {
                resource: resource.to_owned(),
                namespace: Some("a".to_owned()),
                ..ListQuery::default()
            };
            let range = Range {
                query: &query,
                after: None,
                version: 1,
            };
            let sql = range.sql("name", "name");
            let mut statement = connection.prepare_cached(&sql).unwrap();
            let mut rows = statement.query(params_from_iter(range.values())).unwrap();
            assert!(rows.next().unwrap().is_none());
            drop(rows);
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
