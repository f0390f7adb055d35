use super::RangeProof;
use crate::checkpoint::Checkpoint;
use crate::error::Damage;
use crate::fixture::Place;
use crate::line::{MAX_ENTRY_BYTES, check_entry};
use crate::merkle::leaves::Leaves;
use crate::merkle::proof::ProofError;
use crate::merkle::{Hash, leaf};

/// Trees of all shapes up to beyond a power of two.
const MOST: u64 = 35;

fn leaves(first: u64, end: u64) -> Vec<Hash> {
    (first..end).map(|n| leaf(&n.to_be_bytes())).collect()
}

fn proof(of: &mut Leaves, first: u64, end: u64, size: u64) -> RangeProof {
    RangeProof::of(of, first..end, size).unwrap().unwrap()
}

fn checkpoint(of: &Leaves, size: u64) -> Checkpoint {
    Checkpoint::new("laptop.example/log", size, of.root(size))
}

#[test]
fn each_range_of_each_tree() {
    let mut tree = Leaves::new(MOST);
    for size in 0..=MOST {
        let whole = checkpoint(&tree, size);
        for (first, end) in (0..=size).flat_map(|first| (first..=size).map(move |end| (first, end)))
        {
            let proof = proof(&mut tree, first, end, size);
            let given = leaves(first, end);
            let when = format!("{first} to {end} of {size}");
            assert_eq!(
                proof.verify(given.iter().copied(), &whole),
                Ok(()),
                "{when}"
            );
            for at in 0..given.len() {
                let mut changed = given.clone();
                changed[at][0] ^= 1;
                let refused = proof.verify(changed, &whole).unwrap_err();
                let other = matches!(refused, ProofError::Root | ProofError::EarlierRoot);
                assert!(other, "{when}: leaf {at}: {refused}");
                let mut dropped = given.clone();
                dropped.remove(at);
                assert_eq!(proof.verify(dropped, &whole), Err(ProofError::Length));
            }
            let more = given.iter().copied().chain([[7; 32]]);
            assert_eq!(
                proof.verify(more, &whole),
                Err(ProofError::Length),
                "{when}"
            );
        }
    }
}

#[test]
fn every_hash_counts() {
    let mut tree = Leaves::new(MOST);
    let mut changed = 0;
    for (first, end, size) in [
        (0, 1, 35),
        (5, 9, 35),
        (21, 22, 35),
        (31, 33, 33),
        (32, 34, 35),
    ] {
        let good = proof(&mut tree, first, end, size);
        let whole = checkpoint(&tree, size);
        let refused = |proof: &RangeProof| {
            let given = leaves(first, end);
            assert!(proof.verify(given, &whole).is_err(), "{proof:?}");
        };
        for at in 0..good.frontier.len() {
            let mut proof = good.clone();
            proof.frontier[at][31] ^= 1;
            refused(&proof);
            changed += 1;
        }
        for at in 0..good.consistency.len() {
            let mut proof = good.clone();
            proof.consistency[at][31] ^= 1;
            refused(&proof);
            changed += 1;
        }
        let moved = |by: i64| RangeProof {
            first: first.saturating_add_signed(by),
            end: end.saturating_add_signed(by),
            ..good.clone()
        };
        refused(&moved(1));
        refused(&RangeProof {
            frontier: [good.frontier.as_slice(), &[[0; 32]]].concat(),
            ..good.clone()
        });
        refused(&RangeProof {
            consistency: [good.consistency.as_slice(), &[[0; 32]]].concat(),
            ..good.clone()
        });
    }
    assert!(changed > 20, "{changed}");
}

#[test]
fn hostile_positions() {
    let mut tree = Leaves::new(9);
    let whole = checkpoint(&tree, 9);
    let good = proof(&mut tree, 3, 5, 9);
    for (first, end, expected) in [
        (5, 3, ProofError::TooSmall),
        (3, 10, ProofError::TooSmall),
        (3, u64::MAX, ProofError::TooSmall),
        (u64::MAX, u64::MAX, ProofError::TooSmall),
        (4, 6, ProofError::Length),
    ] {
        let proof = RangeProof {
            first,
            end,
            ..good.clone()
        };
        assert_eq!(
            proof.verify(leaves(3, 5), &whole),
            Err(expected),
            "{first} to {end}"
        );
    }
    for (first, end) in [(5, 3), (3, 10), (10, 10)] {
        assert_eq!(
            RangeProof::of(&mut tree, first..end, 9),
            Ok(None),
            "{first} to {end}"
        );
    }
    let fork = Leaves::forked(9, 4);
    let other = checkpoint(&fork, 9);
    assert!(good.verify(leaves(3, 5), &other).is_err());
}

#[test]
fn as_json() {
    let mut tree = Leaves::new(9);
    let good = proof(&mut tree, 3, 5, 9);
    let text = serde_json::to_string(&good).unwrap();
    assert_eq!(serde_json::from_str::<RangeProof>(&text).unwrap(), good);
    for (from, to) in [
        ("\"first\":3", "\"first\":3,\"first\":3"),
        ("\"first\":3", "\"first\":-3"),
        ("\"end\"", "\"ends\""),
        ("=\"", "\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(
            serde_json::from_str::<RangeProof>(&changed).is_err(),
            "{changed}"
        );
    }
    let many = RangeProof {
        frontier: vec![[0; 32]; 65],
        ..good
    };
    let text = serde_json::to_string(&many).unwrap();
    assert!(serde_json::from_str::<RangeProof>(&text).is_err());
}

#[test]
fn entries_by_themselves() {
    let place = Place::new();
    let entries = place.three_entries();
    let text = |at: usize| String::from_utf8(entries[at].clone()).unwrap();
    let key = place.public();
    for (at, kind) in ["decision", "outcome", "decision"].iter().enumerate() {
        let checked = check_entry(&text(at), at as u64, &key).unwrap();
        assert_eq!(checked.kind, *kind);
        assert!(checked.time_ms >= 1_795_392_000_000, "{checked:?}");
    }
    let other = place.key.verifying_key("other.example/log").unwrap();
    let long = "x".repeat(MAX_ENTRY_BYTES + 1);
    for (text, index, key, expected) in [
        (text(0), 1, &key, Damage::Index),
        (
            text(0).replace("allow", "allov"),
            0,
            &key,
            Damage::Signature,
        ),
        (
            text(0).replacen('{', "{ ", 1),
            0,
            &key,
            Damage::NotCanonical,
        ),
        (text(0), 0, &other, Damage::Origin),
        (text(0), 0, &Place::new().public(), Damage::Signature),
        (String::new(), 0, &key, Damage::NotAnEntry),
        (long, 0, &key, Damage::TooLong),
    ] {
        assert_eq!(check_entry(&text, index, key), Err(expected), "{text}");
    }
}
