//! The scenes of the demo, in order. Each says what happened and checks that it did.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Stage;
use super::agent::{Agent, text_of};
use super::paper::Paper;
use super::scenario::{Call, Scenario};

/// A held call shows up at once; a busy machine gets this long.
const UNTIL_HELD: Duration = Duration::from_secs(20);
/// How many entries of the log are shown at the end.
const SHOWN_ENTRIES: &str = "4";
/// What the log must hold after the scenes: each effect with its number of decisions.
const DECISIONS: [(&str, usize); 3] = [("allow", 3), ("deny", 1), ("malformed", 1)];

/// Plays all scenes.
pub(crate) fn play(
    agent: &mut Agent,
    stage: &Stage,
    scenario: &Scenario,
    paper: &Paper,
) -> Result<(), String> {
    allowed(agent, scenario, paper)?;
    denied(agent, scenario, paper)?;
    redacted(agent, scenario, paper)?;
    held(agent, stage, scenario, paper)?;
    malformed(agent, &scenario.allowed, paper)
}

fn allowed(agent: &mut Agent, scenario: &Scenario, paper: &Paper) -> Result<(), String> {
    paper.scene("1. A call that the rules allow");
    let answer = call(agent, &scenario.allowed, paper)?;
    let text = text_of(&answer);
    paper.line("answer", text.trim());
    let good = text.contains(scenario.expected) && !is_error(&answer);
    paper.check(
        good,
        "it went through, and the answer came back as the server gave it",
    )
}

fn denied(agent: &mut Agent, scenario: &Scenario, paper: &Paper) -> Result<(), String> {
    paper.scene("2. A call that leaves the folder");
    let answer = call(agent, &scenario.denied, paper)?;
    let text = text_of(&answer);
    paper.line("gateway", &text);
    let refused = is_error(&answer) && text.starts_with("refused by rule `");
    paper.check(
        refused,
        "it was refused by name of the rule, and the server never saw it",
    )
}

fn redacted(agent: &mut Agent, scenario: &Scenario, paper: &Paper) -> Result<(), String> {
    paper.scene("3. An answer that holds a key");
    let answer = call(agent, &scenario.leaking, paper)?;
    paper.line("answer", text_of(&answer).trim());
    let whole = answer.to_string();
    let good = !is_error(&answer) && whole.contains("REGION") && !whole.contains(&scenario.secret);
    paper.check(
        good,
        "the key was taken out of the answer, the rest of it was left",
    )
}

fn held(
    agent: &mut Agent,
    stage: &Stage,
    scenario: &Scenario,
    paper: &Paper,
) -> Result<(), String> {
    paper.scene("4. A call that a human has to agree to");
    say_call(&scenario.held, paper);
    let waiting = agent.call(scenario.held.tool, &scenario.held.arguments)?;
    let id = pending(stage)?;
    paper.line("gateway", "holds the call; another terminal decides:");
    paper.command("wardlet approvals list");
    paper.quote(&output(
        stage.wardlet(&["approvals", "list"]),
        "wardlet approvals list",
    )?);
    paper.command(&format!("wardlet approvals approve {id}"));
    let approve = stage.wardlet(&["approvals", "approve", &id]);
    paper.quote(&output(approve, "wardlet approvals approve")?);
    let answer = agent.answer(waiting)?;
    paper.line("answer", text_of(&answer).trim());
    paper.check(
        !is_error(&answer),
        "it went through after a human agreed to exactly these arguments",
    )?;
    let again = stage.wardlet(&["approvals", "approve", &id]).output();
    let refused = again.is_ok_and(|output| !output.status.success());
    paper.check(refused, "the same approval does not work a second time")
}

fn malformed(agent: &mut Agent, target: &Call, paper: &Paper) -> Result<(), String> {
    paper.scene("5. A call that two readers could read in two ways");
    let id = agent.fresh_id();
    let (tool, arguments) = (target.tool, &target.arguments);
    paper.line(
        "agent",
        "the call of scene 1, with `arguments` written twice",
    );
    agent.send(&format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments},"arguments":{{}}}}}}"#
    ))?;
    let answer = agent.answer(id)?;
    let message = text_at(&answer, "/error/message").unwrap_or_default();
    paper.line("gateway", message);
    paper.check(
        !message.is_empty(),
        "it was refused, since the server could have read another call than the rules",
    )
}

/// The audit log after the session: verified, and its last entries shown.
pub(crate) fn audit(stage: &Stage, paper: &Paper) -> Result<(), String> {
    paper.scene("What the audit log says");
    paper.command("wardlet audit verify");
    paper.quote(&output(
        stage.wardlet(&["audit", "verify"]),
        "wardlet audit verify",
    )?);
    paper.command(&format!("wardlet audit show --last {SHOWN_ENTRIES}"));
    let show = stage.wardlet(&["audit", "show", "--last", SHOWN_ENTRIES]);
    paper.quote(&output(show, "wardlet audit show")?);
    let all = stage.wardlet(&["audit", "show", "--all", "--json"]);
    let log = output(all, "wardlet audit show --all --json")?;
    for (effect, count) in DECISIONS {
        let found = log.lines().filter(|line| is_decision(line, effect)).count();
        if found != count {
            return Err(format!(
                "the log has {found} decisions `{effect}`, and {count} were made"
            ));
        }
    }
    paper.check(
        true,
        "every call has its signed decision: 3 allowed, 1 denied, 1 malformed",
    )
}

fn is_decision(line: &str, effect: &str) -> bool {
    let entry: Value = serde_json::from_str(line).unwrap_or_default();
    text_at(&entry, "/kind") == Some("decision") && text_at(&entry, "/body/effect") == Some(effect)
}

/// Waits until one call is held and gives its id.
fn pending(stage: &Stage) -> Result<String, String> {
    let deadline = Instant::now() + UNTIL_HELD;
    loop {
        let listed = output(
            stage.wardlet(&["approvals", "list", "--json"]),
            "wardlet approvals list",
        )?;
        let listed: Value =
            serde_json::from_str(&listed).map_err(|error| format!("no JSON came: {error}"))?;
        if let Some(id) = text_at(&listed, "/waiting/0/id") {
            return Ok(id.to_owned());
        }
        if Instant::now() > deadline {
            return Err("the call was not held for a human".to_owned());
        }
    }
}

/// Runs a command of the gateway to its end; its output is for people.
pub(crate) fn output(mut command: Command, what: &str) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{what}`: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{what}` ended with {}\n{said}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn call(agent: &mut Agent, call: &Call, paper: &Paper) -> Result<Value, String> {
    say_call(call, paper);
    let id = agent.call(call.tool, &call.arguments)?;
    agent.answer(id)
}

fn say_call(call: &Call, paper: &Paper) {
    paper.line("agent", &format!("{} {}", call.tool, call.arguments));
}

/// The text at a pointer (RFC 6901).
fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

fn is_error(answer: &Value) -> bool {
    answer.get("error").is_some() || answer.pointer("/result/isError") == Some(&Value::Bool(true))
}
