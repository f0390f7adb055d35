//! What the demo prints, for a person at a terminal of any width.

use std::env;
use std::io::{IsTerminal as _, stdout};

/// Where the terminal does not say how wide it is.
const DEFAULT_COLUMNS: usize = 80;
/// Narrower than this nothing can be laid out; wider than the upper bound nobody reads.
const COLUMNS: std::ops::RangeInclusive<usize> = 30..=100;

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// Prints. Colours are for terminals, and only where `NO_COLOR` is not set (no-color.org).
pub(crate) struct Paper {
    colours: bool,
    columns: usize,
}

impl Paper {
    pub(crate) fn new() -> Self {
        let terminal = stdout().is_terminal();
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = match rustix::termios::tcgetwinsize(stdout()) {
            Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
            _ => DEFAULT_COLUMNS,
        };
        let columns = columns.clamp(*COLUMNS.start(), *COLUMNS.end());
        Paper {
            colours: terminal && !plain,
            columns,
        }
    }

    pub(crate) fn title(&self, words: &str) {
        println!("\n{}", self.in_colour(BOLD, words));
        println!(
            "{}",
            self.in_colour(DIM, &"=".repeat(words.chars().count().min(self.columns)))
        );
    }

    pub(crate) fn scene(&self, words: &str) {
        println!("\n{}", self.in_colour(BOLD, words));
    }

    pub(crate) fn note(&self, words: &str) {
        self.wrapped("", words, None);
    }

    /// One side of the conversation.
    pub(crate) fn line(&self, who: &str, words: &str) {
        self.wrapped(&format!("  {who:<8} "), words, None);
    }

    /// A command that the demo really ran.
    pub(crate) fn command(&self, words: &str) {
        self.wrapped("  $ ", words, Some(CYAN));
    }

    /// What a command printed, in its own lines.
    pub(crate) fn quote(&self, text: &str) {
        for line in text.trim_end().lines() {
            println!("  {}", self.in_colour(DIM, line));
        }
    }

    /// Text to copy, which is never wrapped.
    pub(crate) fn copy(&self, text: &str) {
        println!();
        for line in text.lines() {
            println!("{}", self.in_colour(CYAN, line));
        }
        println!();
    }

    /// Something that must hold.
    pub(crate) fn check(&self, holds: bool, words: &str) -> Result<(), String> {
        if !holds {
            return Err(format!("the demo expected this, and it is not so: {words}"));
        }
        self.wrapped("  ok ", words, Some(GREEN));
        Ok(())
    }

    fn wrapped(&self, margin: &str, words: &str, colour: Option<&str>) {
        let indent = " ".repeat(margin.chars().count());
        let room = self.columns.saturating_sub(indent.len()).max(1);
        for (index, line) in wrap(words, room).iter().enumerate() {
            let margin = if index == 0 { margin } else { &indent };
            match colour {
                Some(colour) => println!("{margin}{}", self.in_colour(colour, line)),
                None => println!("{margin}{line}"),
            }
        }
    }

    fn in_colour(&self, code: &str, text: &str) -> String {
        if self.colours {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Breaks at spaces; a longer word, such as a path, keeps a line of its own.
fn wrap(words: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_at_spaces_and_lose_nothing() {
        let cases: [(&str, usize, &[&str]); 5] = [
            ("", 10, &[]),
            ("one two", 7, &["one two"]),
            ("one two", 6, &["one", "two"]),
            ("a /very/long/path b", 6, &["a", "/very/long/path", "b"]),
            ("größe größe", 11, &["größe größe"]),
        ];
        for (words, room, lines) in cases {
            assert_eq!(wrap(words, room), lines, "{words} in {room}");
        }
    }
}
