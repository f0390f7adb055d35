//! What the server answers, tool by tool.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, StdoutLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::listed::{TOOLS, definition};
use crate::wire::{Answers, Incoming, quoted, text_result};

/// The newest version of MCP with an initialize request, which this server speaks.
const VERSION: &str = "2025-11-25";
/// The `rubbish` tool writes each of these as it is; the third is not UTF-8.
const RUBBISH: [&[u8]; 6] = [
    b"not json\n",
    b"{\"jsonrpc\":\"2.0\",\"id\":\n",
    b"\xff\xfe\n",
    b"[]\n",
    b"\n",
    b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"result\":{}}\n",
];
/// Longer than the 16 MiB that the gateway takes for a line.
const GIANT_BYTES: usize = 20 * 1024 * 1024;

/// The parameters of a call.
#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

/// What the command line asked of the tools.
#[derive(Default)]
pub(crate) struct Behaviour {
    pub(crate) secret: String,
    /// Tools a page.
    pub(crate) page: Option<usize>,
    /// One more tool.
    pub(crate) tool: Option<String>,
    /// Whether it says that it tells when its tools change.
    pub(crate) list_changed: bool,
}

impl Behaviour {
    /// The sentence that gives the secret away.
    pub(crate) fn said(&self) -> String {
        format!("the key is {} here", self.secret)
    }
}

/// The state of one session.
pub(crate) struct Server<'a> {
    behaviour: Behaviour,
    answers: Answers<StdoutLock<'a>>,
    /// The server's own requests, with the call that waits for each.
    asked: HashMap<String, String>,
    next: u64,
    /// The calls of `later` that are not answered.
    later: Vec<String>,
    /// How often the tools were redefined.
    revision: u64,
}

impl<'a> Server<'a> {
    pub(crate) fn new(behaviour: Behaviour, answers: Answers<StdoutLock<'a>>) -> Self {
        Server {
            behaviour,
            answers,
            asked: HashMap::new(),
            next: 0,
            later: Vec::new(),
            revision: 0,
        }
    }

    /// Answers a line that is no message.
    pub(crate) fn refuse_line(&mut self) -> io::Result<()> {
        self.answers
            .failure("null", r#"{"code":-32700,"message":"not a message"}"#)
    }

    pub(crate) fn take(&mut self, message: &Incoming<'_>) -> io::Result<()> {
        let id = message.id.map(RawValue::get);
        let params = message.params.map_or("{}", RawValue::get);
        match (message.method.as_deref(), id) {
            (Some("tools/call"), Some(id)) => self.call(id, params),
            (Some("tools/list"), Some(id)) => self.list(id, params),
            (Some("initialize"), Some(id)) => self.initialize(id),
            (Some("ping" | "logging/setLevel"), Some(id)) => self.answers.result(id, "{}"),
            (Some("resources/read"), Some(id)) => {
                let contents = r#"{"contents":[{"uri":"note:1","text":"a note"}]}"#;
                self.answers.result(id, contents)
            }
            (Some(_), Some(id)) => {
                let error = r#"{"code":-32601,"message":"unknown method"}"#;
                self.answers.failure(id, error)
            }
            (Some(_), None) => Ok(()),
            (None, Some(id)) => self.pass_answer(id, message.result.or(message.error)),
            (None, None) => self.refuse_line(),
        }
    }

    fn initialize(&mut self, id: &str) -> io::Result<()> {
        let tools = if self.behaviour.list_changed {
            r#"{"listChanged":true}"#
        } else {
            "{}"
        };
        let result = format!(
            r#"{{"protocolVersion":"{VERSION}","capabilities":{{"tools":{tools},"logging":{{}}}},"serverInfo":{{"name":"echo-server","version":"1.0.0"}}}}"#
        );
        self.answers.result(id, &result)
    }

    /// The cursor is the index of the first tool of the page.
    fn list(&mut self, id: &str, params: &str) -> io::Result<()> {
        #[derive(Deserialize)]
        struct Page {
            cursor: Option<String>,
        }
        let cursor = serde_json::from_str::<Page>(params)
            .ok()
            .and_then(|page| page.cursor);
        let from = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let named = "Answers with its arguments; named by the command line.";
        let one_more = self.behaviour.tool.as_deref();
        let all: Vec<(&str, bool, &str)> = TOOLS
            .iter()
            .copied()
            .chain(one_more.map(|name| (name, false, named)))
            .collect();
        let tools: Vec<String> = all
            .iter()
            .skip(from)
            .take(self.behaviour.page.unwrap_or(all.len()))
            .map(|tool| definition(tool, self.revision))
            .collect();
        let next = match from + tools.len() {
            next if next < all.len() => format!(r#","nextCursor":"{next}""#),
            _ => String::new(),
        };
        let tools = tools.join(",");
        self.answers
            .result(id, &format!(r#"{{"tools":[{tools}]{next}}}"#))
    }

    fn call(&mut self, id: &str, params: &str) -> io::Result<()> {
        let Ok(call) = serde_json::from_str::<Call>(params) else {
            let error = r#"{"code":-32602,"message":"no call"}"#;
            return self.answers.failure(id, error);
        };
        let token = call.meta.and_then(|meta| meta.progress_token);
        let token = token.map_or("null", RawValue::get);
        let arguments = call.arguments.map_or("{}", RawValue::get);
        match call.name.as_ref() {
            "echo" | "delete_note" => self.answers.result(id, &text_result(arguments, false)),
            name if self.behaviour.tool.as_deref() == Some(name) => {
                self.answers.result(id, &text_result(arguments, false))
            }
            name if name.starts_with("leak-") => self.leak(name, id, token),
            "die" => std::process::exit(3),
            "die-in-line" => {
                self.answers.raw(br#"{"jsonrpc":"2.0","id":"#)?;
                std::process::exit(3)
            }
            name => self.misbehave(name, id, token),
        }
    }

    /// Gives the secret away, in the one place that the tool's name says.
    fn leak(&mut self, name: &str, id: &str, token: &str) -> io::Result<()> {
        let said = quoted(&self.behaviour.said());
        let done = text_result("done", false);
        let block = |block: &str| format!(r#"{{"content":[{block}]}}"#);
        let result = match name {
            "leak-text" => block(&format!(r#"{{"type":"text","text":{said}}}"#)),
            "leak-structured" => {
                format!(r#"{{"content":[],"structuredContent":{{"deep":[{{"note":{said}}}]}}}}"#)
            }
            "leak-resource" => block(&format!(
                r#"{{"type":"resource","resource":{{"uri":"note:1","mimeType":"text/plain","text":{said}}}}}"#
            )),
            "leak-link" => block(&format!(
                r#"{{"type":"resource_link","uri":"note:1","name":"note","description":{said}}}"#
            )),
            "leak-error" => {
                format!(r#"{{"content":[{{"type":"text","text":{said}}}],"isError":true}}"#)
            }
            "leak-failure" => {
                let error = format!(r#"{{"code":4000,"message":{said},"data":{{"why":{said}}}}}"#);
                return self.answers.failure(id, &error);
            }
            "leak-progress" => {
                let params =
                    format!(r#"{{"progressToken":{token},"progress":1,"message":{said}}}"#);
                self.answers
                    .notification("notifications/progress", &params)?;
                done
            }
            _ => {
                let params = format!(r#"{{"level":"info","data":{{"note":{said}}}}}"#);
                self.answers
                    .notification("notifications/message", &params)?;
                done
            }
        };
        self.answers.result(id, &result)
    }

    fn misbehave(&mut self, name: &str, id: &str, token: &str) -> io::Result<()> {
        match name {
            "rubbish" => {
                for line in RUBBISH {
                    self.answers.raw(line)?;
                }
            }
            "giant" => {
                self.answers.raw(&vec![b'x'; GIANT_BYTES])?;
                self.answers.raw(b"\n")?;
            }
            "twice" => self.answers.result(id, &text_result("first", false))?,
            "stranger" => self
                .answers
                .result("\"nobody\"", &text_result("hello", false))?,
            "changes" => self
                .answers
                .notification("notifications/tools/list_changed", "{}")?,
            "never" => return Ok(()),
            "later" => {
                self.later.push(id.to_owned());
                return Ok(());
            }
            "release" => return self.release(id),
            "redefine" => {
                self.revision += 1;
                self.answers
                    .notification("notifications/tools/list_changed", "{}")?;
            }
            "steps" => {
                let params = format!(r#"{{"progressToken":{token},"progress":1,"total":2}}"#);
                return self.answers.notification("notifications/progress", &params);
            }
            "sample" => return self.ask(id, "sampling/createMessage", SAMPLING),
            "elicit" => return self.ask(id, "elicitation/create", ELICITATION),
            "environment" => {
                let names: Vec<String> = std::env::vars_os()
                    .map(|(name, _)| name.to_string_lossy().into_owned())
                    .collect();
                return self
                    .answers
                    .result(id, &text_result(&names.join("\n"), false));
            }
            "process" => {
                let process = std::process::id().to_string();
                return self.answers.result(id, &text_result(&process, false));
            }
            _ => {
                let error = r#"{"code":-32602,"message":"unknown tool"}"#;
                return self.answers.failure(id, error);
            }
        }
        self.answers.result(id, &text_result("last", false))
    }

    /// Answers the calls of `later`, in their order, and then this one.
    fn release(&mut self, id: &str) -> io::Result<()> {
        let later = std::mem::take(&mut self.later);
        let late = text_result(&self.behaviour.said(), false);
        for call in &later {
            self.answers.result(call, &late)?;
        }
        let count = later.len().to_string();
        self.answers.result(id, &text_result(&count, false))
    }

    /// Asks the client; the call is answered with the client's answer.
    fn ask(&mut self, call: &str, method: &str, params: &str) -> io::Result<()> {
        self.next += 1;
        let id = format!("\"server-{}\"", self.next);
        self.answers.request(&id, method, params)?;
        self.asked.insert(id, call.to_owned());
        Ok(())
    }

    fn pass_answer(&mut self, id: &str, answer: Option<&RawValue>) -> io::Result<()> {
        match self.asked.remove(id) {
            Some(call) => {
                let answer = answer.map_or("null", RawValue::get);
                self.answers.result(&call, &text_result(answer, false))
            }
            None => Ok(()),
        }
    }
}

const SAMPLING: &str = r#"{"messages":[{"role":"user","content":{"type":"text","text":"say a word"}}],"maxTokens":10}"#;
const ELICITATION: &str = r#"{"message":"your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}"#;
