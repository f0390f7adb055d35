//! One call's row, read back.

use rusqlite::{Connection, Row};

use super::words::Texts;
use crate::call::{Approval, Call, Outcome, Ran, Vote};
use crate::error::IndexError;

/// Lists of numbers in one column: `1,2;3,4`.
pub(super) fn pack<const N: usize>(lists: &[[i64; N]]) -> String {
    let join = |numbers: &[i64; N]| {
        let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
        numbers.join(",")
    };
    let lists: Vec<String> = lists.iter().map(join).collect();
    lists.join(";")
}

fn unpack<const N: usize>(text: &str) -> Result<Vec<[i64; N]>, IndexError> {
    let mut lists = Vec::new();
    for list in text.split(';').filter(|list| !list.is_empty()) {
        let numbers: Option<Vec<i64>> = list.split(',').map(|number| number.parse().ok()).collect();
        let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
        lists.push(numbers.ok_or(IndexError::Damaged)?);
    }
    Ok(lists)
}

/// The call that was decided by an entry.
pub(super) fn call(on: &Connection, entry: i64, texts: &mut Texts<'_>) -> Result<Call, IndexError> {
    let mut statement = on.prepare_cached("SELECT * FROM call WHERE entry = ?1")?;
    let mut rows = statement.query([entry])?;
    // A posting without its call is damage.
    let row = rows.next()?.ok_or(IndexError::Damaged)?;
    let mut rules = Vec::new();
    for [rule] in unpack(&row.get::<_, String>("rules")?)? {
        rules.push(texts.of(rule)?);
    }
    let mut plugins = Vec::new();
    for plugin in unpack(&row.get::<_, String>("plugins")?)? {
        plugins.push(ran(plugin, texts)?);
    }
    let origin = on
        .prepare_cached("SELECT origin FROM mark")?
        .query_row([], |row| row.get(0))?;
    Ok(Call {
        entry: row.get("entry")?,
        time_ms: row.get("time")?,
        effect: texts.of(row.get("effect")?)?,
        reason: texts.of(row.get("reason")?)?,
        blame: texts.maybe(row.get("blame")?)?,
        principal: texts.of(row.get("principal")?)?,
        server: texts.of(row.get("server")?)?,
        method: texts.of(row.get("method")?)?,
        tool: texts.maybe(row.get("tool")?)?,
        tool_known: row.get("tool_known")?,
        rules,
        plugins,
        policy_set: texts.maybe(row.get("policy_set")?)?,
        protocol: texts.maybe(row.get("protocol")?)?,
        txn: row.get("txn")?,
        argument_bytes: row.get("argument_bytes")?,
        count: row.get("count")?,
        gateway: texts.of(row.get("gateway")?)?,
        build: texts.of(row.get("build")?)?,
        origin,
        approval: approval(row, texts)?,
        outcome: outcome(row, texts)?,
    })
}

fn ran(plugin: [i64; 5], texts: &mut Texts<'_>) -> Result<Ran, IndexError> {
    let [name, digest, role, verdict, fault] = plugin;
    let some = |id: i64| (id != 0).then_some(id);
    Ok(Ran {
        name: texts.of(name)?,
        digest: texts.of(digest)?,
        role: texts.of(role)?,
        verdict: texts.maybe(some(verdict))?,
        fault: texts.maybe(some(fault))?,
    })
}

fn approval(row: &Row<'_>, texts: &mut Texts<'_>) -> Result<Option<Approval>, IndexError> {
    if !row.get::<_, bool>("approved")? {
        return Ok(None);
    }
    let mut votes = Vec::new();
    for [entry, approver, choice] in unpack(&row.get::<_, String>("votes")?)? {
        votes.push(Vote {
            entry: u64::try_from(entry).ok(),
            approver: texts.of(approver)?,
            choice: texts.of(choice)?,
        });
    }
    Ok(Some(Approval {
        request: row.get("request")?,
        votes,
    }))
}

fn outcome(row: &Row<'_>, texts: &mut Texts<'_>) -> Result<Option<Outcome>, IndexError> {
    let Some(entry) = row.get("outcome")? else {
        return Ok(None);
    };
    Ok(Some(Outcome {
        entry,
        time_ms: row.get("outcome_time")?,
        status: texts.of(row.get("status")?)?,
        reason: texts.maybe(row.get("outcome_reason")?)?,
        blame: texts.maybe(row.get("outcome_blame")?)?,
        is_error: row.get("is_error")?,
        result_bytes: row.get("result_bytes")?,
        upstream_us: row.get("upstream_us")?,
    }))
}
