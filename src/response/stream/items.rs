//! The items of an output so far, and how to find the one that an event is about.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    latest::{replace_all, says_nothing},
    room::{Room, TooManyValues},
};
use crate::response::counter;

/// The items in the order in which they began. Finding one takes constant time.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: Vec<Item>,
    /// Position of the last item with this name.
    last: HashMap<Name, usize>,
}

#[derive(Debug, Default)]
struct Item {
    index: i64,
    id: Option<String>,
    members: Map<String, Value>,
    /// Whether an event announced it; otherwise it began with a piece.
    is_begun: bool,
    /// Whether it is complete.
    is_done: bool,
}

/// How servers identify an item. Only the id is unique, and not every server sends or keeps one: some invent one for
/// each event, others give every item the index 0, or none.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Name {
    Id(String),
    Index(i64),
    Type(String),
}

/// Identifies the item that an event is about.
pub(super) struct About {
    id: Option<String>,
    index: Option<i64>,
    kind: String,
}

impl About {
    /// `item` is the item in the event, if any; otherwise, `kind` is its type.
    pub(super) fn of(event: &Map<String, Value>, item: Option<&Map<String, Value>>, kind: &str) -> Self {
        let id = event.get("item_id").or_else(|| item?.get("id")).and_then(Value::as_str);
        let kind = item.and_then(|item| item.get("type")?.as_str()).unwrap_or(kind);
        Self {
            id: id.filter(|id| !id.is_empty()).map(str::to_owned),
            index: event.get("output_index").and_then(counter),
            kind: kind.to_owned(),
        }
    }

    /// Whether a piece may belong to an item found by a name other than the id.
    fn fits(&self, item: &Item) -> bool {
        type_of(&item.members) == self.kind && (self.index.is_some() || self.id.is_none() || item.id.is_none())
    }
}

impl Items {
    /// Sets an item that begins or is complete.
    pub(super) fn set(
        &mut self,
        about: About,
        item: Map<String, Value>,
        is_done: bool,
        room: &mut Room,
    ) -> Result<(), TooManyValues> {
        let known = self.by_id(&about).filter(|at| is_done || !self.items[*at].is_done);
        let by_name = |open: &Item| !open.is_done && (is_done || !open.is_begun);
        let at = known.or_else(|| self.by_name(&about).filter(|at| by_name(&self.items[*at])));
        let at = match at {
            Some(at) => at,
            None => self.begin(&about, room)?,
        };
        if let Some(id) = about.id
            && self.last.insert(Name::Id(id), at).is_none()
        {
            room.take(&Value::Null)?;
        }
        let open = &mut self.items[at];
        open.is_begun = true;
        open.is_done |= is_done;
        replace_all(&mut open.members, item, room)
    }

    /// The item that a piece belongs to, possibly a new one; `None` if that is complete. `is_delta` means that the
    /// piece does not repeat earlier text.
    pub(super) fn open(
        &mut self,
        about: &About,
        is_delta: bool,
        room: &mut Room,
    ) -> Result<Option<&mut Map<String, Value>>, TooManyValues> {
        let by_name = |open: &Item| about.fits(open) && !(is_delta && open.is_done);
        let at = self.by_id(about).or_else(|| self.by_name(about).filter(|at| by_name(&self.items[*at])));
        let at = match at {
            Some(at) => at,
            None => self.begin(about, room)?,
        };
        let item = &mut self.items[at];
        Ok((!item.is_done).then_some(&mut item.members))
    }

    fn by_id(&self, about: &About) -> Option<usize> {
        self.last.get(&Name::Id(about.id.clone()?)).copied()
    }

    fn by_name(&self, about: &About) -> Option<usize> {
        let name = about.index.map_or_else(|| Name::Type(about.kind.clone()), Name::Index);
        self.last.get(&name).copied()
    }

    fn begin(&mut self, about: &About, room: &mut Room) -> Result<usize, TooManyValues> {
        let at = self.items.len();
        let index = about.index.unwrap_or_else(|| i64::try_from(at).unwrap_or(i64::MAX));
        let members = Map::from_iter([("type".to_owned(), about.kind.clone().into())]);
        room.take(&Value::Object(members.clone()))?;
        self.last.extend(about.id.clone().map(|id| (Name::Id(id), at)));
        self.last.insert(Name::Index(index), at);
        self.last.insert(Name::Type(about.kind.clone()), at);
        self.items.push(Item { index, id: about.id.clone(), members, ..Item::default() });
        Ok(at)
    }

    /// The items in order. Meaningful items in `output` replace those of the same type.
    pub(super) fn into_output(self, output: Vec<Value>) -> Vec<Value> {
        let says_something = |item: &&Value| item.as_object().is_none_or(|item| !is_silent(item));
        let said: HashSet<String> = output.iter().filter(says_something).map(type_of_value).collect();
        let mut items = self.items;
        items.retain(|item| !said.contains(type_of(&item.members)));
        items.sort_by_key(|item| item.index);
        let came: HashSet<&str> = items.iter().map(|item| type_of(&item.members)).collect();
        let mut output = output;
        output.retain(|item| {
            let kind = type_of_value(item);
            said.contains(&kind) || !came.contains(kind.as_str())
        });
        output.extend(items.into_iter().map(|item| Value::Object(item.members)));
        output
    }
}

/// The type of an item; the default is a message.
fn type_of(item: &Map<String, Value>) -> &str {
    item.get("type").and_then(Value::as_str).unwrap_or("message")
}

fn type_of_value(item: &Value) -> String {
    item.as_object().map_or_else(String::new, |item| type_of(item).to_owned())
}

/// Whether an item lacks what its type is for.
fn is_silent(item: &Map<String, Value>) -> bool {
    let members: &[&str] = match type_of(item) {
        "message" => &["content"],
        "reasoning" => &["summary", "content"],
        "function_call" => &["arguments"],
        "custom_tool_call" => &["input"],
        _ => return false,
    };
    members.iter().all(|name| item.get(*name).is_none_or(says_nothing))
}
