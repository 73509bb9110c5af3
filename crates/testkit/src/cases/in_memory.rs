//! The first world: the admission handler over a cluster in memory, without a socket in between.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bowline_core::Secret;
use bowline_operator::Admission;
use bowline_operator::server::answer_mutate;
use serde_json::Value;

use super::{NAMESPACE, Reach, World};
use crate::memory::Memory;

/// Admission over a cluster in memory.
#[derive(Debug)]
pub struct InMemory {
    cluster: Memory,
    admission: Admission<Memory>,
}

impl Default for InMemory {
    fn default() -> Self {
        let cluster = Memory::default();
        Self {
            admission: Admission::new(cluster.clone()),
            cluster,
        }
    }
}

impl World for InMemory {
    fn reach(&self) -> Reach {
        Reach::Memory
    }

    async fn reset(&mut self) -> Result<()> {
        self.cluster.clear();
        Ok(())
    }

    async fn put_secret(&mut self, secret: &Value) -> Result<()> {
        self.cluster.put_secret(Secret::from_value(secret)?);
        Ok(())
    }

    async fn delete_secret(&mut self, name: &str) -> Result<()> {
        self.cluster.delete_secret(NAMESPACE, name);
        Ok(())
    }

    async fn put_account(&mut self, name: &str, links: &[String]) -> Result<()> {
        self.cluster.put_account(NAMESPACE, name, links);
        Ok(())
    }

    async fn forbid(&mut self, names: &[String]) -> Result<()> {
        self.cluster.forbid(names);
        Ok(())
    }

    async fn disconnect(&mut self, names: &[String]) -> Result<()> {
        self.cluster.disconnect(names);
        Ok(())
    }

    async fn post(&mut self, review: &Value) -> Result<String> {
        let body = serde_json::to_vec(review)?;
        let answer = answer_mutate(&self.admission, &body).await?;
        String::from_utf8(answer).context("the answer is not UTF-8")
    }

    async fn accounts(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        Ok(self.cluster.accounts(NAMESPACE))
    }
}
