use std::fs;
use std::path::Path;

use super::{Backup, BackupError, backup};
use crate::fixture::{Place, decision};
use crate::log::Log;
use crate::record::Effect;

fn refuse(log: &Log, count: usize) {
    for _ in 0..count {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    log.publish().unwrap();
}

fn copy(place: &Place, to: &Path) -> Result<Backup, BackupError> {
    let keys = [place.signer.public()];
    backup(&place.folder(), to, (&place.public(), &keys), None)
}

#[test]
fn a_copy_grows_with_the_log_and_a_gateway_goes_on_with_it() {
    let place = Place::new();
    let other = Place::new();
    let to = other.folder();
    let log = place.open_signed();
    let mut size = 0;
    // Tiles and bundles; of what is full already nothing is copied again.
    for (count, files) in [(1, 2), (254, 2), (1, 3), (600, 7), (0, 0)] {
        refuse(&log, count);
        size += count as u64;
        let made = copy(&place, &to).unwrap();
        assert_eq!(made.report.head.size, size);
        assert_eq!(made.report.checkpoint, Some(made.report.head));
        assert!(made.report.checkpoint_signed);
        assert_eq!(made.files, files, "{count}: {made:?}");
        // No file of an earlier run is left that this one does not need.
        let partials = fs::read_dir(to.join("tile/0")).unwrap();
        let partials = partials.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_str().unwrap().ends_with(".p")
        });
        assert_eq!(partials.count(), usize::from(size % 256 != 0));
    }
    drop(log);
    // Put in place of the log, which is lost.
    fs::remove_dir_all(place.folder()).unwrap();
    fs::rename(&to, place.folder()).unwrap();
    let log = place.open_signed();
    assert_eq!(*log.recovered(), crate::Recovered::default());
    refuse(&log, 1);
    drop(log);
    assert_eq!(place.verified().checkpoint.unwrap().size, size + 1);
}

#[test]
fn what_is_no_earlier_copy_of_the_log_stays_as_it_is() {
    let place = Place::new();
    let to = Place::new();
    let log = place.open_signed();
    let error = copy(&Place::new(), &to.folder()).unwrap_err();
    assert!(matches!(error, BackupError::Log(_)), "no log: {error}");
    refuse(&log, 300);
    copy(&place, &to.folder()).unwrap();
    let kept = fs::read(to.path("checkpoint")).unwrap();
    // A log of another key, and one of the same key that was written anew.
    let other = Place::new();
    refuse(&other.open_signed(), 400);
    let anew = place.again();
    let rewritten = anew.open_signed();
    rewritten.refusal(&decision(Effect::Expired)).unwrap();
    refuse(&rewritten, 399);
    drop(rewritten);
    let shorter = place.again();
    refuse(&shorter.open_signed(), 200);
    for (log, foreign) in [(&other, true), (&anew, false), (&shorter, false)] {
        let error = copy(log, &to.folder()).unwrap_err();
        assert_eq!(
            matches!(error, BackupError::Foreign { .. }),
            foreign,
            "{error}"
        );
        assert_eq!(
            matches!(error, BackupError::NotContinued { size: 300, .. }),
            !foreign
        );
        assert!(error.hint().is_some());
        assert_eq!(fs::read(to.path("checkpoint")).unwrap(), kept);
    }
    // A copy that was changed is found by the next run.
    refuse(&log, 10);
    let bundle = to.path("tile/entries/000");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[1000] ^= 1;
    fs::write(bundle, bytes).unwrap();
    let error = copy(&place, &to.folder()).unwrap_err();
    assert!(matches!(error, BackupError::Unsound(_)), "{error}");
}
