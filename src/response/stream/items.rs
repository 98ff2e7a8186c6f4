//! The items of an output that have come so far, and which of them an event is about.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    latest::{replace_all, says_nothing},
    room::{Room, TooManyValues},
};
use crate::response::counter;

/// The items, in the order in which they began. Finding one takes the same time however many there are.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: Vec<Item>,
    /// Where the last item is that has this name.
    last: HashMap<Name, usize>,
}

#[derive(Debug, Default)]
struct Item {
    index: i64,
    id: Option<String>,
    members: Map<String, Value>,
    /// Whether an event began it, rather than a piece of it.
    is_begun: bool,
    /// Whether it is whole.
    is_done: bool,
}

/// What servers call an item. Only the id is unique, and not every server has one or keeps it: some make one up for
/// each event, others give each item the index 0, or none.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Name {
    Id(String),
    Index(i64),
    Type(String),
}

/// The item that an event is about, by what the event says of it.
pub(super) struct About {
    id: Option<String>,
    index: Option<i64>,
    kind: String,
}

impl About {
    /// `item` is the item in the event, if it is there, and `kind` its type otherwise.
    pub(super) fn of(event: &Map<String, Value>, item: Option<&Map<String, Value>>, kind: &str) -> Self {
        let id = event.get("item_id").or_else(|| item?.get("id")).and_then(Value::as_str);
        let kind = item.and_then(|item| item.get("type")?.as_str()).unwrap_or(kind);
        Self {
            id: id.filter(|id| !id.is_empty()).map(str::to_owned),
            index: event.get("output_index").and_then(counter),
            kind: kind.to_owned(),
        }
    }

    /// Whether a piece belongs to an item that has one of its names besides the id.
    fn fits(&self, item: &Item) -> bool {
        type_of(&item.members) == self.kind && (self.index.is_some() || self.id.is_none() || item.id.is_none())
    }
}

impl Items {
    /// Sets an item that begins, or one that is done.
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

    /// The item that a piece belongs to, which may be new; `None` if that is done. `is_delta` says that nothing came
    /// before the piece that repeats it.
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

    /// The items in their order. Where `output` has items that say something, they take the place of those of their
    /// type.
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

/// The type of an item; one without a type is a message.
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
