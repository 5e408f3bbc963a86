//! The timetable of a day as a table: a row for each moment at which something begins or ends, a column for
//! each room (more than one where sessions overlap in it), and every slot in exactly one cell.
//!
//! A table with row spans reads well in print and aloud, and needs no inline style.

use crate::snapshot::Snapshot;
use jiff::{SignedDuration, Timestamp, civil::Date};
use model::{
    id::{RoomId, SessionId},
    programme::{Session, SessionKind, Slot},
    text::folded,
};
use std::collections::{BTreeSet, HashMap};

/// The shortest time that a row stands for: slots without a length get it.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);

/// A day's timetable.
pub(crate) struct Layout<'a> {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// A room with its columns; `None` is for sessions without a room.
pub(crate) struct Column {
    pub(crate) room: Option<RoomId>,
    /// How many columns it takes.
    pub(crate) lanes: usize,
}

/// A row.
pub(crate) struct Row<'a> {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// Whether a slot begins here.
    pub(crate) begins: bool,
    /// What begins here for the whole house while sessions go on: it stands beside the time.
    pub(crate) beside: Vec<Entry<'a>>,
    pub(crate) cells: Vec<Cell<'a>>,
}

/// A cell of the table.
pub(crate) struct Cell<'a> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Empty: nothing takes place. More than one: the same break in several rooms.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Whether the cell goes through all rooms.
    pub(crate) wide: bool,
}

/// A slot, and the slots of the topics inside it.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) session: &'a Session,
    pub(crate) slot: &'a Slot,
    pub(crate) topics: Vec<(&'a Session, &'a Slot)>,
}

/// A place in the table that is taken.
struct Block<'a> {
    start: Timestamp,
    end: Timestamp,
    entries: Vec<Entry<'a>>,
}

impl<'a> Layout<'a> {
    /// Lays out a day.
    pub(crate) fn of(snapshot: &'a Snapshot, date: Date) -> Self {
        let mut wide: Vec<Block<'a>> = vec![];
        let mut beside: Vec<Entry<'a>> = vec![];
        let mut placed: HashMap<Option<RoomId>, Vec<Block<'a>>> = HashMap::new();
        let (houses, singles) = gathered(nested(snapshot.slots_on(date)));
        // Breaks without a room can stand beside the time where they find no row of their own; the others need
        // a column then. So the others come first, and a break makes way for all of them.
        let (breaks, others): (Vec<_>, Vec<_>) =
            houses.into_iter().partition(|group| group.iter().all(can_stand_beside));
        let busy = Busy::of(singles.iter());
        let all = Busy::of(singles.iter().chain(others.iter().map(|group| &group[0])));
        let alone = alone(&others);
        for (group, alone) in others.into_iter().zip(alone) {
            let (start, end) = (group[0].slot.start, end_of(group[0].slot));
            if alone && !busy.overlaps(start, end) {
                wide.push(Block { start, end, entries: group });
                continue;
            }
            for entry in group {
                if can_stand_beside(&entry) {
                    beside.push(entry);
                } else {
                    placed.entry(entry.slot.room).or_default().push(Block {
                        start,
                        end,
                        entries: vec![entry],
                    });
                }
            }
        }
        let mut last = Timestamp::MIN;
        for group in breaks {
            let (start, end) = (group[0].slot.start, end_of(group[0].slot));
            if start >= last && !all.overlaps(start, end) {
                last = end;
                wide.push(Block { start, end, entries: group });
            } else {
                beside.extend(group);
            }
        }
        for entry in singles {
            let block = Block { start: entry.slot.start, end: end_of(entry.slot), entries: vec![] };
            placed.entry(entry.slot.room).or_default().push(Block { entries: vec![entry], ..block });
        }
        let mut columns = vec![];
        let mut lanes: Vec<Vec<Block<'a>>> = vec![];
        for room in snapshot.programme().rooms.iter().map(|room| Some(room.id)).chain([None]) {
            let Some(blocks) = placed.remove(&room) else { continue };
            let own = into_lanes(blocks);
            columns.push(Column { room, lanes: own.len() });
            lanes.extend(own);
        }
        Self { rows: rows(lanes, wide, beside), columns }
    }

    /// How many columns the table has beside that of the times.
    pub(crate) fn width(&self) -> usize {
        self.columns.iter().map(|column| column.lanes).sum::<usize>().max(1)
    }
}

/// When a slot's cell ends.
fn end_of(slot: &Slot) -> Timestamp {
    slot.end.max(slot.start.checked_add(SHORTEST).unwrap_or(slot.end))
}

/// The slots of the day with the topics inside the blocks that hold them.
fn nested<'a>(slots: impl Iterator<Item = (&'a Session, &'a Slot)>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = vec![];
    let mut blocks: HashMap<SessionId, Vec<usize>> = HashMap::new();
    let (topics, others): (Vec<_>, Vec<_>) = slots.partition(|(session, _)| session.parent.is_some());
    for (session, slot) in others {
        blocks.entry(session.id).or_default().push(entries.len());
        entries.push(Entry { session, slot, topics: vec![] });
    }
    for (session, slot) in topics {
        let held = session.parent.and_then(|parent| blocks.get(&parent)).into_iter().flatten().find(|&&at| {
            let block = entries[at].slot;
            (slot.room.is_none() || slot.room == block.room)
                && block.start <= slot.start
                && slot.end <= block.end
        });
        match held {
            Some(&at) => entries[at].topics.push((session, slot)),
            None => entries.push(Entry { session, slot, topics: vec![] }),
        }
    }
    entries.sort_by_key(|entry| (entry.slot.start, std::cmp::Reverse(entry.slot.end)));
    entries
}

/// What concerns the whole house (the same break in one or more rooms, anything without a room), together; and
/// the rest.
fn gathered(entries: Vec<Entry<'_>>) -> (Vec<Vec<Entry<'_>>>, Vec<Entry<'_>>) {
    let mut groups: Vec<Vec<Entry<'_>>> = vec![];
    let mut by_key: HashMap<(Timestamp, Timestamp, String), usize> = HashMap::new();
    let mut singles = vec![];
    for entry in entries {
        let is_break = entry.session.kind == SessionKind::Break;
        if is_break {
            let key = (entry.slot.start, entry.slot.end, folded(entry.session.title.as_str()));
            let at = *by_key.entry(key).or_insert_with(|| {
                groups.push(vec![]);
                groups.len() - 1
            });
            groups[at].push(entry);
        } else if entry.slot.room.is_none() {
            groups.push(vec![entry]);
        } else {
            singles.push(entry);
        }
    }
    (groups, singles)
}

fn can_stand_beside(entry: &Entry<'_>) -> bool {
    entry.slot.room.is_none() && entry.session.kind == SessionKind::Break
}

/// For each group, which come by start, whether it overlaps no other.
fn alone(groups: &[Vec<Entry<'_>>]) -> Vec<bool> {
    let mut reached = Timestamp::MIN;
    let mut out = vec![];
    for (at, group) in groups.iter().enumerate() {
        let (start, end) = (group[0].slot.start, end_of(group[0].slot));
        out.push(reached <= start && groups.get(at + 1).is_none_or(|next| next[0].slot.start >= end));
        reached = reached.max(end);
    }
    out
}

/// The times at which something is on, joined.
struct Busy(Vec<(Timestamp, Timestamp)>);

impl Busy {
    fn of<'a, 'b: 'a>(entries: impl Iterator<Item = &'a Entry<'b>>) -> Self {
        let mut all: Vec<_> = entries.map(|entry| (entry.slot.start, end_of(entry.slot))).collect();
        all.sort_unstable();
        let mut spans: Vec<(Timestamp, Timestamp)> = vec![];
        for (start, end) in all {
            match spans.last_mut() {
                // What only touches is joined too: nothing with a length fits in between.
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => spans.push((start, end)),
            }
        }
        Self(spans)
    }

    fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        let first = self.0.partition_point(|span| span.1 <= start);
        self.0.get(first).is_some_and(|span| span.0 < end)
    }
}

/// Blocks in as few lanes as they fit in without overlapping.
fn into_lanes(mut blocks: Vec<Block<'_>>) -> Vec<Vec<Block<'_>>> {
    blocks.sort_by_key(|block| (block.start, std::cmp::Reverse(block.end)));
    let mut lanes: Vec<Vec<Block<'_>>> = vec![];
    for block in blocks {
        let free = lanes.iter_mut().find(|lane| lane.last().is_none_or(|last| last.end <= block.start));
        match free {
            Some(lane) => lane.push(block),
            None => lanes.push(vec![block]),
        }
    }
    lanes
}

fn rows<'a>(lanes: Vec<Vec<Block<'a>>>, wide: Vec<Block<'a>>, beside: Vec<Entry<'a>>) -> Vec<Row<'a>> {
    let mut times: BTreeSet<Timestamp> =
        lanes.iter().flatten().chain(&wide).flat_map(|b| [b.start, b.end]).collect();
    times.extend(beside.iter().map(|entry| entry.slot.start));
    let times: Vec<Timestamp> = times.into_iter().collect();
    let place: HashMap<Timestamp, usize> = times.iter().copied().zip(0..).collect();
    let width = lanes.len().max(1);
    let mut rows: Vec<Row<'a>> = times
        .windows(2)
        .map(|pair| Row { start: pair[0], end: pair[1], begins: false, beside: vec![], cells: vec![] })
        .collect();
    for entry in beside {
        // A break beside sessions overlaps one of them, so its start is never the last moment of the day.
        if let Some(row) = rows.get_mut(place[&entry.slot.start]) {
            row.begins = true;
            row.beside.push(entry);
        }
    }
    // Rows that a wide block covers: no lane has a cell there.
    let mut covered = vec![false; rows.len()];
    for block in wide {
        let (from, to) = (place[&block.start], place[&block.end]);
        covered[from..to].fill(true);
        rows[from].begins = true;
        rows[from].cells.push(Cell { rows: to - from, columns: width, entries: block.entries, wide: true });
    }
    // Lane by lane, so that the cells of a row stand in the order of the columns.
    let lanes = if lanes.is_empty() { vec![vec![]] } else { lanes };
    for lane in lanes {
        let mut at = 0;
        for block in lane {
            let (from, to) = (place[&block.start], place[&block.end]);
            fill(&mut rows, &covered, at, from);
            rows[from].begins = true;
            rows[from].cells.push(Cell { rows: to - from, columns: 1, entries: block.entries, wide: false });
            at = to;
        }
        let end = rows.len();
        fill(&mut rows, &covered, at, end);
    }
    rows
}

/// Empty cells of one lane from a row to another, each as tall as it can be.
fn fill(rows: &mut [Row<'_>], covered: &[bool], from: usize, to: usize) {
    let mut at = from;
    while at < to {
        if covered[at] {
            at += 1;
            continue;
        }
        let run = covered[at..to].iter().take_while(|covered| !**covered).count();
        rows[at].cells.push(Cell { rows: run, columns: 1, entries: vec![], wide: false });
        at += run;
    }
}
