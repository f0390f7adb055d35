//! The order in which lines of the upstream reach the agent, where redactors take their time.
//!
//! Notifications and requests keep their order among themselves. An answer never overtakes one that
//! came before it, progress for example; it may overtake another answer, so that a slow redactor of
//! one tool's answers holds up no other tool's.

use std::collections::VecDeque;

use wardlet_mcp::Id;

use super::calls::Weight;

/// Lines that may be searched or wait at one time, before nothing more is read of the upstream. Two
/// threads for each of some dozen redactors have enough to do with so many.
const MAX_LINES: usize = 64;

/// Bytes of such lines: one message of the largest size.
const MAX_BYTES: usize = wardlet_mcp::MAX_LINE_BYTES;

/// The place of a line among those that keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u64);

/// What happens when a line reaches the agent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Nothing,
    /// The agent is asked, and may answer under this id.
    Asked(Id),
    /// The agent's answer under this id is not wanted any more.
    TakenBack(Id),
}

/// A line that is ready. Its bytes count as long as it waits.
pub(crate) struct Ready {
    /// None where nothing of it may pass.
    pub(crate) line: Option<Vec<u8>>,
    pub(crate) effect: Effect,
    pub(crate) _weight: Weight,
}

/// A place that is taken.
struct Taken {
    /// None while the redactors are at work.
    ready: Option<Ready>,
    /// Answers that came after it and are ready.
    behind: Vec<Ready>,
}

/// The lines on their way.
#[derive(Default)]
pub(crate) struct Order {
    /// The place of the first of `places`.
    first: u64,
    places: VecDeque<Taken>,
    /// Answers that are being searched.
    answers: usize,
    /// Answers that are ready and wait.
    waiting: usize,
}

impl Order {
    /// Whether more may be taken, with so many bytes of lines kept.
    pub(crate) fn has_room(&self, kept: usize) -> bool {
        self.under_way() < MAX_LINES && kept < MAX_BYTES
    }

    /// Lines that are searched or wait.
    pub(crate) fn under_way(&self) -> usize {
        self.places.len() + self.answers + self.waiting
    }

    /// Takes the next place.
    pub(crate) fn take(&mut self) -> Place {
        self.places.push_back(Taken {
            ready: None,
            behind: Vec::new(),
        });
        Place(self.first + self.places.len() as u64 - 1)
    }

    /// Says that an answer is being searched. The last place that is taken now comes before it.
    pub(crate) fn begin_answer(&mut self) -> Option<Place> {
        self.answers += 1;
        self.last()
    }

    /// The last place that is taken.
    pub(crate) fn last(&self) -> Option<Place> {
        let last = self.places.len().checked_sub(1)?;
        Some(Place(self.first + last as u64))
    }

    /// Says that the search of an answer has ended.
    pub(crate) fn end_answer(&mut self) {
        self.answers = self.answers.saturating_sub(1);
    }

    /// Puts a line into its place. What can be sent now, in its order.
    pub(crate) fn fill(&mut self, place: Place, ready: Ready) -> Vec<Ready> {
        if let Some(taken) = self.at(place) {
            taken.ready = Some(ready);
        }
        let mut sent = Vec::new();
        while self
            .places
            .front()
            .is_some_and(|taken| taken.ready.is_some())
        {
            let Some(taken) = self.places.pop_front() else {
                break;
            };
            self.first += 1;
            self.waiting = self.waiting.saturating_sub(taken.behind.len());
            sent.extend(taken.ready);
            sent.extend(taken.behind);
        }
        sent
    }

    /// Puts an answer behind a place. It is given back where it can be sent now.
    pub(crate) fn behind(&mut self, place: Option<Place>, ready: Ready) -> Option<Ready> {
        match place.and_then(|place| self.at(place)) {
            None => Some(ready),
            Some(taken) => {
                taken.behind.push(ready);
                self.waiting += 1;
                None
            }
        }
    }

    /// Gives up what is not ready. What is, in its order.
    pub(crate) fn give_up(&mut self) -> Vec<Ready> {
        self.first += self.places.len() as u64;
        self.waiting = 0;
        let places = std::mem::take(&mut self.places).into_iter();
        places
            .flat_map(|taken| taken.ready.into_iter().chain(taken.behind))
            .collect()
    }

    /// None where the place is empty again, since its line was sent.
    fn at(&mut self, place: Place) -> Option<&mut Taken> {
        let index = place.0.checked_sub(self.first)?;
        self.places.get_mut(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests;
