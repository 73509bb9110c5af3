//! Sets of parts of an object, as a tree. A part is named by its path; each step of a path is told
//! by its text in `FieldsV1`: `f:name` for a member, `k:{"name":"x"}` and `v:"x"` for an entry of a
//! list. What the steps mean is left to [`super::shape`].

use std::cmp::Ordering;

/// A set of parts. Every node in it is a member or has members below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    /// Sorted by step, each step once.
    nodes: Vec<(Box<str>, Node)>,
}

/// One step of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// Whether the path that ends here is in the set.
    pub(crate) is_member: bool,
    /// The paths that go on.
    pub(crate) below: FieldSet,
}

impl Node {
    /// A path that ends here.
    pub(crate) fn member() -> Self {
        Self {
            is_member: true,
            below: FieldSet::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.is_member && self.below.is_empty()
    }
}

impl FieldSet {
    /// A set of these nodes; empty ones are left out, and of equal steps all count.
    pub(crate) fn new(mut nodes: Vec<(Box<str>, Node)>) -> Self {
        nodes.retain(|(_, node)| !node.is_empty());
        nodes.sort_by(|one, other| one.0.cmp(&other.0));
        nodes.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1.is_member |= next.1.is_member;
                kept.1.below = kept.1.below.union(&next.1.below);
            }
            is_same
        });
        Self { nodes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The steps and what is at them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(step, node)| (step.as_ref(), node))
    }

    /// What is at a step.
    pub(crate) fn get(&self, step: &str) -> Option<&Node> {
        let place = self.place(step).ok()?;
        Some(&self.nodes[place].1)
    }

    /// Takes a step away, with all below it.
    pub(crate) fn remove(&mut self, step: &str) -> Option<Node> {
        let place = self.place(step).ok()?;
        Some(self.nodes.remove(place).1)
    }

    /// Puts a node at a step; an empty one is left out.
    pub(crate) fn insert(&mut self, step: &str, node: Node) {
        match (self.place(step), node.is_empty()) {
            (Ok(place), false) => self.nodes[place].1 = node,
            (Ok(place), true) => {
                self.nodes.remove(place);
            }
            (Err(place), false) => self.nodes.insert(place, (step.into(), node)),
            (Err(_), true) => {}
        }
    }

    fn place(&self, step: &str) -> Result<usize, usize> {
        self.nodes
            .binary_search_by(|(known, _)| known.as_ref().cmp(step))
    }

    /// What is in one of them or in both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        self.joined(other, |one, other| match (one, other) {
            (Some(one), Some(other)) => Node {
                is_member: one.is_member || other.is_member,
                below: one.below.union(&other.below),
            },
            (Some(node), None) | (None, Some(node)) => node.clone(),
            (None, None) => Node::default(),
        })
    }

    /// What is in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.joined(other, |one, other| match (one, other) {
            (Some(one), Some(other)) => Node {
                is_member: one.is_member && other.is_member,
                below: one.below.intersection(&other.below),
            },
            _ => Node::default(),
        })
    }

    /// What is in this one and not in the other.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.joined(other, |one, other| match (one, other) {
            (Some(one), Some(other)) => Node {
                is_member: one.is_member && !other.is_member,
                below: one.below.difference(&other.below),
            },
            (Some(one), None) => one.clone(),
            _ => Node::default(),
        })
    }

    /// Walks both in step.
    fn joined(&self, other: &Self, join: impl Fn(Option<&Node>, Option<&Node>) -> Node) -> Self {
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let (mut left, mut right) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.cmp(other),
            };
            let one = if order.is_le() { left.next() } else { None };
            let other = if order.is_ge() { right.next() } else { None };
            let node = join(one.map(|(_, node)| node), other.map(|(_, node)| node));
            if let Some((step, _)) = one.or(other).filter(|_| !node.is_empty()) {
                nodes.push((step.clone(), node));
            }
        }
        Self { nodes }
    }

    /// What is in any of them. Two and two together, so that no step is copied once for each set.
    pub(crate) fn union_of(mut sets: Vec<Self>) -> Self {
        while sets.len() > 1 {
            let pairs = sets.chunks(2).map(|pair| match pair {
                [one, other] => one.union(other),
                rest => rest.first().cloned().unwrap_or_default(),
            });
            sets = pairs.collect();
        }
        sets.pop().unwrap_or_default()
    }

    /// How many paths are in the set.
    pub(crate) fn count(&self) -> usize {
        let each = self.nodes.iter();
        each.map(|(_, node)| usize::from(node.is_member) + node.below.count())
            .sum()
    }

    /// The paths in the set, in order, at most so many.
    pub(crate) fn paths(&self, most: usize) -> Vec<Vec<&str>> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found, most);
        found
    }

    fn collect<'a>(&'a self, path: &mut Vec<&'a str>, found: &mut Vec<Vec<&'a str>>, most: usize) {
        for (step, node) in self.iter() {
            if found.len() >= most {
                return;
            }
            path.push(step);
            if node.is_member {
                found.push(path.clone());
            }
            node.below.collect(path, found, most);
            path.pop();
        }
    }
}
