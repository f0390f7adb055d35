//! The text leaves of a document: string values and member names, numbered in document order.

use std::borrow::Cow;

use crate::document::Part;
use crate::json::Json;
use crate::pointer::push_step;
use crate::projection::Projection;

/// A text in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// Its number in document order.
    pub id: u32,
    /// Whether it is the name of a member.
    pub name: bool,
    /// The text.
    pub text: &'a str,
}

/// Where the leaves of one document are. Built once and shared by all plugins that read it.
///
/// A node stands for each container and each leaf, with its parent and its position there, so that
/// a leaf is found in as many steps as it is deep, and the index holds no text of its own.
#[derive(Debug)]
pub struct LeafIndex {
    nodes: Vec<Node>,
    /// The nodes that are leaves: a leaf's id is its position here.
    leaves: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    position: u32,
    name: bool,
}

/// The root has no parent: its own index stands there.
const ROOT: u32 = 0;

impl LeafIndex {
    /// Numbers the leaves of `root`.
    #[must_use]
    pub fn new(root: &Json) -> Self {
        let mut index = LeafIndex {
            nodes: Vec::new(),
            leaves: Vec::new(),
        };
        index.visit(
            root,
            Node {
                parent: ROOT,
                position: 0,
                name: false,
            },
        );
        index
    }

    fn visit(&mut self, value: &Json, node: Node) {
        let at = self.push(node);
        match value {
            Json::String(_) => self.leaves.push(at),
            Json::Array(items) => {
                for (position, item) in (0..).zip(items) {
                    self.visit(
                        item,
                        Node {
                            parent: at,
                            position,
                            name: false,
                        },
                    );
                }
            }
            Json::Object(members) => {
                for (position, (_, member)) in (0..).zip(members) {
                    let name = self.push(Node {
                        parent: at,
                        position,
                        name: true,
                    });
                    self.leaves.push(name);
                    self.visit(
                        member,
                        Node {
                            parent: at,
                            position,
                            name: false,
                        },
                    );
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn push(&mut self, node: Node) -> u32 {
        // A text of 4 GiB would be needed to overflow; lines are bounded far below.
        let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        at
    }

    /// How many leaves there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.leaves.len()).unwrap_or(u32::MAX)
    }

    /// Whether there is no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The leaf with this id.
    #[must_use]
    pub fn get<'a>(&self, root: &'a Json, id: u32) -> Option<Leaf<'a>> {
        let (node, positions) = self.path(id)?;
        let (last, before) = match positions.split_last() {
            Some((last, before)) if node.name => (Some(*last), before),
            _ => (None, positions.as_slice()),
        };
        let value = before
            .iter()
            .try_fold(root, |value, at| child(value, *at))?;
        let text = match (last, value) {
            (Some(at), Json::Object(members)) => &members.get(at as usize)?.0,
            (None, Json::String(text)) => text,
            _ => return None,
        };
        Some(Leaf {
            id,
            name: node.name,
            text,
        })
    }

    /// The RFC 6901 pointer of the leaf; for a name, that of its member.
    #[must_use]
    pub fn pointer(&self, root: &Json, id: u32) -> Option<String> {
        let mut pointer = String::new();
        for step in self.steps(root, id)? {
            push_step(&mut pointer, &step);
        }
        Some(pointer)
    }

    /// The ids of the leaves at and below the place that `positions` lead to, and so on: the first
    /// id, and the one after the last. Document order is the order of the positions, so the leaves of
    /// a subtree follow one another; the name of the place itself comes before them.
    #[must_use]
    pub(crate) fn below(&self, positions: &[u32]) -> (u32, u32) {
        let before = |id| {
            self.path(id)
                .is_some_and(|(node, path)| *path < *positions || (node.name && path == positions))
        };
        let before_or_inside = |id| {
            self.path(id)
                .is_some_and(|(_, path)| *path < *positions || path.starts_with(positions))
        };
        (self.first_not(before), self.first_not(before_or_inside))
    }

    /// The first id for which `holds` is false; it must hold for all ids before that one.
    fn first_not(&self, holds: impl Fn(u32) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    }

    /// Whether a projection shows this leaf. A member's name is shown with what its object shows.
    #[must_use]
    pub(crate) fn shown(&self, root: &Json, id: u32, part: Part, projection: &Projection) -> bool {
        if projection.shows_all(part) {
            return true;
        }
        let Some((node, _)) = self.path(id) else {
            return false;
        };
        let Some(mut steps) = self.steps(root, id) else {
            return false;
        };
        if node.name {
            steps.pop();
        }
        projection.shows_steps(part, steps.into_iter())
    }

    fn path(&self, id: u32) -> Option<(Node, Vec<u32>)> {
        let leaf = *self.leaves.get(id as usize)?;
        let mut at = leaf;
        let mut positions = Vec::new();
        while at != ROOT {
            let node = self.nodes.get(at as usize)?;
            positions.push(node.position);
            at = node.parent;
        }
        positions.reverse();
        Some((*self.nodes.get(leaf as usize)?, positions))
    }

    fn steps<'a>(&self, root: &'a Json, id: u32) -> Option<Vec<Cow<'a, str>>> {
        let (_, positions) = self.path(id)?;
        let mut value = root;
        let mut steps = Vec::with_capacity(positions.len());
        for (depth, at) in positions.iter().enumerate() {
            steps.push(match value {
                Json::Object(members) => Cow::Borrowed(members.get(*at as usize)?.0.as_str()),
                _ => Cow::Owned(at.to_string()),
            });
            if depth + 1 < positions.len() {
                value = child(value, *at)?;
            }
        }
        Some(steps)
    }

    /// The text of a leaf, to be changed.
    pub(crate) fn text_mut<'a>(&self, root: &'a mut Json, id: u32) -> Option<&'a mut String> {
        let (node, positions) = self.path(id)?;
        if node.name {
            return None;
        }
        let leaf = positions.iter().try_fold(root, |value, at| match value {
            Json::Object(members) => members.get_mut(*at as usize).map(|(_, value)| value),
            Json::Array(items) => items.get_mut(*at as usize),
            _ => None,
        })?;
        match leaf {
            Json::String(text) => Some(text),
            _ => None,
        }
    }
}

fn child(value: &Json, at: u32) -> Option<&Json> {
    match value {
        Json::Object(members) => members.get(at as usize).map(|(_, value)| value),
        Json::Array(items) => items.get(at as usize),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::LeafIndex;
    use crate::json::Json;
    use crate::pointer::Pointer;

    #[test]
    fn leaves_in_document_order() {
        let root = Json::parse(r#"{"a":["x",{"b/c":"y"},1],"d":"z"}"#).unwrap();
        let index = LeafIndex::new(&root);
        let got: Vec<_> = (0..index.len())
            .map(|id| {
                let leaf = index.get(&root, id).unwrap();
                (
                    leaf.name,
                    leaf.text.to_owned(),
                    index.pointer(&root, id).unwrap(),
                )
            })
            .collect();
        let expected = [
            (true, "a", "/a"),
            (false, "x", "/a/0"),
            (true, "b/c", "/a/1/b~1c"),
            (false, "y", "/a/1/b~1c"),
            (true, "d", "/d"),
            (false, "z", "/d"),
        ];
        assert_eq!(
            got,
            expected.map(|(name, text, at)| (name, text.to_owned(), at.to_owned()))
        );
        assert_eq!(index.get(&root, 6), None);
    }

    #[test]
    fn leaves_below_a_pointer() {
        let root = Json::parse(r#"{"a":["x",{"b":"y"}],"d":"z","e":{}}"#).unwrap();
        let index = LeafIndex::new(&root);
        for (pointer, expected) in [
            ("", (0, 7)),
            ("/a", (1, 4)),
            ("/a/0", (1, 2)),
            ("/a/1", (2, 4)),
            ("/a/1/b", (3, 4)),
            ("/d", (5, 6)),
        ] {
            let positions = Pointer::parse(pointer).unwrap().positions(&root).unwrap();
            assert_eq!(index.below(&positions), expected, "{pointer}");
        }
    }

    #[test]
    fn a_bare_string_is_a_leaf() {
        let root = Json::String("x".into());
        let index = LeafIndex::new(&root);
        assert_eq!(index.get(&root, 0).unwrap().text, "x");
        assert_eq!(index.pointer(&root, 0).as_deref(), Some(""));
    }
}
