//! A defect of the host that a plugin can bring about costs the plugin's check, and nothing else.

use std::sync::Arc;

use wardlet::config;
use wardlet::lane::Lanes;
use wardlet::plugins::Bound;
use wardlet_call::{
    Buckets, Caller, Document, Documents, Entropy, Json, Phase, PluginName, Projection, Reach,
    Subject, TakeError, Taken,
};
use wardlet_sandbox::{Capability, Check, Fault, Grant, Plugin, Sandbox};

use crate::guest::{Guest, RET};

/// What stands outside and has a defect.
#[derive(Debug)]
struct Defect;

impl Entropy for Defect {
    fn fill(&self, _: &mut [u8]) -> bool {
        panic!("a defect of the host, as this test wants it");
    }
}

impl Buckets for Defect {
    fn take(&self, _: &str, _: u32, _: &Caller) -> Result<Taken, TakeError> {
        panic!("a defect of the host, as this test wants it");
    }
}

fn bound(guest: Guest) -> Bound {
    let name = PluginName::parse("guest").unwrap();
    let grant = Grant {
        capabilities: vec![Capability::Random, Capability::RateLimit],
        projection: Projection::parse(&["/arguments"]).unwrap(),
        reach: Reach {
            entropy: Some(Arc::new(Defect)),
            buckets: Some(Arc::new(Defect)),
            ..Reach::default()
        },
        ..Grant::default()
    };
    let sandbox = Sandbox::new().unwrap();
    Bound {
        plugin: sandbox.load(&name, &guest.component(), grant).unwrap(),
        digest: name.to_string(),
        name,
        config: config::Plugin::default(),
    }
}

/// One draws random bytes, and is tried inline; the other takes from a bucket, on threads of its own.
#[test]
fn a_panic_in_a_check_is_a_fault_of_that_check() {
    let mut inline = Guest::policy().importing("random");
    inline.evaluate = format!(
        "(call $random_bytes (i32.const 4) (i32.const {RET})) {}",
        inline.evaluate
    );
    let mut on_lane = Guest::policy().importing("rate-limit");
    let [bucket, length] = on_lane.text("writes");
    on_lane.evaluate = format!(
        "(call $rate-limit_take (i32.const {bucket}) (i32.const {length}) (i32.const 1) (i32.const {RET})) {}",
        on_lane.evaluate
    );
    let text = "{}";
    let document = Document::parsed(Json::parse(text).unwrap(), text.len());
    let check = Check {
        documents: Documents {
            arguments: Some(Arc::new(document)),
            ..Documents::default()
        },
        caller: Some(Arc::new(Caller::default())),
        ..Check::default()
    };
    let subject = Arc::new(Subject {
        phase: Phase::Request,
        method: "tools/call".into(),
        server: "files".into(),
        name: "read_file".into(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let lanes = Lanes::default();
    for (guest, effects) in [(inline, false), (on_lane, true)] {
        let bound = bound(guest);
        assert_eq!(bound.plugin.has_effects(), effects);
        // As often as the pool has places: none of them is lost with a check.
        for _ in 0..200 {
            let asked = Arc::clone(&subject);
            let evaluate = move |plugin: &Plugin, check: &Check| plugin.evaluate(&asked, check);
            let (answer, _) = runtime.block_on(lanes.run(&bound, &check, evaluate));
            assert_eq!(answer.unwrap_err(), Fault::Trap);
        }
    }
}
