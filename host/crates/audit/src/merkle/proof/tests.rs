use super::super::leaves::Leaves;
use super::super::{Hash, leaf};
use super::{
    MAX_PROOF_HASHES, ProofError, consistency, inclusion, root, verify_consistency,
    verify_inclusion,
};
use wardlet_keys::digest::sha256;

const MOST: u64 = 70;

#[test]
fn each_entry_of_each_tree() {
    let mut leaves = Leaves::new(MOST);
    for size in 1..=MOST {
        let whole = leaves.root(size);
        assert_eq!(root(&mut leaves, size), Ok(whole));
        for index in 0..size {
            let proof = inclusion(&mut leaves, index, size).unwrap().unwrap();
            let hash = leaf(&index.to_be_bytes());
            let check = |index, size, root: &Hash, proof: &[Hash]| {
                verify_inclusion(&hash, index, size, root, proof)
            };
            assert_eq!(check(index, size, &whole, &proof), Ok(()), "{index} {size}");
            let other = check((index + 1) % size, size, &whole, &proof);
            assert_eq!(other.is_ok(), size == 1, "{index} of {size}: moved");
            let mut long = proof.clone();
            long.push([0; 32]);
            assert_eq!(check(index, size, &whole, &long), Err(ProofError::Length));
            if let Some((_, short)) = proof.split_last() {
                assert_eq!(check(index, size, &whole, short), Err(ProofError::Length));
            }
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at][31] ^= 1;
                assert_eq!(check(index, size, &whole, &wrong), Err(ProofError::Root));
            }
            assert_eq!(check(size, size, &whole, &proof), Err(ProofError::TooSmall));
        }
        assert_eq!(inclusion(&mut leaves, size, size), Ok(None));
    }
}

#[test]
fn each_tree_begins_with_each_before_it() {
    let mut leaves = Leaves::new(MOST);
    let roots: Vec<Hash> = (0..=MOST).map(|size| leaves.root(size)).collect();
    let root = |size: u64| &roots[usize::try_from(size).unwrap()];
    for new in 0..=MOST {
        for old in 0..=new {
            let case = format!("{old} to {new}");
            let proof = consistency(&mut leaves, old, new).unwrap().unwrap();
            let check = |old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
                verify_consistency(old, old_root, new, new_root, proof)
            };
            assert_eq!(check(root(old), root(new), &proof), Ok(()), "{case}");
            assert_eq!(proof.is_empty(), old == 0 || old == new, "{case}");
            assert!(check(&[7; 32], root(new), &proof).is_err(), "{case}");
            if old > 0 {
                assert!(check(root(old), &[7; 32], &proof).is_err(), "{case}");
            }
            let mut long = proof.clone();
            long.push([0; 32]);
            let long = check(root(old), root(new), &long);
            assert_eq!(long, Err(ProofError::Length), "{case}");
            if let Some((_, short)) = proof.split_last() {
                let short = check(root(old), root(new), short);
                assert_eq!(short, Err(ProofError::Length), "{case}");
            }
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at][0] ^= 0x80;
                assert!(check(root(old), root(new), &wrong).is_err(), "{case}");
            }
        }
        let over = consistency(&mut leaves, new + 1, new);
        assert_eq!(over, Ok(None));
        let shrunk = verify_consistency(new + 1, &[0; 32], new, root(new), &[]);
        assert_eq!(shrunk, Err(ProofError::TooSmall));
    }
}

#[test]
fn sizes_at_the_end_of_the_numbers() {
    let hash = [0; 32];
    let proof = [hash; MAX_PROOF_HASHES + 1];
    for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1] {
        for index in [0, 1, size / 2, size - 1] {
            for count in 0..=proof.len() {
                let checked = verify_inclusion(&hash, index, size, &hash, &proof[..count]);
                assert!(checked.is_err(), "{index} of {size} with {count}");
            }
        }
        for old in [1, 2, size / 2, size - 1] {
            for count in 0..=proof.len() {
                let checked = verify_consistency(old, &hash, size, &hash, &proof[..count]);
                assert!(checked.is_err(), "{old} to {size} with {count}");
            }
        }
    }
    let empty = sha256(b"");
    assert_eq!(verify_consistency(0, &empty, u64::MAX, &hash, &[]), Ok(()));
}
