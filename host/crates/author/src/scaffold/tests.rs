use super::*;

#[test]
fn what_needs_a_capability_goes_with_it() {
    let text = "use a;\nuse log; // capability `log`\n\nlet a = 1;\n\n// Told (capability `log`).\nlog(a);\nlog(b);\n\nend(a);\n// capability `clock` is\n";
    let with = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        without_unused(text, &names)
    };
    for (names, expected) in [
        (vec!["log", "clock"], text.to_owned()),
        (
            vec!["clock"],
            "use a;\n\nlet a = 1;\n\nend(a);\n// capability `clock` is\n".to_owned(),
        ),
        (vec![], "use a;\n\nlet a = 1;\n\nend(a);\n".to_owned()),
    ] {
        assert_eq!(with(&names), expected, "{names:?}");
    }
}

#[test]
fn a_name_is_replaced_where_it_names_the_plugin() {
    for (line, is_prose, expected) in [
        ("name = \"recipients\"\n", false, "name = \"my-refunds\"\n"),
        (
            "#define NAME \"recipients\"\n",
            false,
            "#define NAME \"my-refunds\"\n",
        ),
        ("log(\"recipients\")\n", false, "log(\"recipients\")\n"),
        (
            "use recipients_plugin::Recipients;\n",
            false,
            "use my_refunds_plugin::Recipients;\n",
        ),
        ("# recipients\n", true, "# my-refunds\n"),
        ("the recipients of\n", true, "the recipients of\n"),
        ("build/recipients.wasm\n", true, "build/my-refunds.wasm\n"),
    ] {
        assert_eq!(
            renamed(line, "recipients", "my-refunds", is_prose),
            expected,
            "{line}"
        );
    }
}

/// The examples in the repository are what `create` writes for their names.
#[test]
fn examples_are_what_is_written_for_their_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for language in Language::ALL {
        for kind in Kind::ALL {
            let shipped = root
                .join("plugins/examples")
                .join(language.name())
                .join(kind.name());
            let project = Project::open(&shipped).unwrap();
            assert_eq!((project.language, project.kind), (language, kind));
            let parent = folder.path().join(language.name());
            files::create(&parent).unwrap();
            let made = create(
                &parent,
                &project.name,
                language,
                kind,
                &project.capabilities,
            )
            .unwrap();
            for path in everything(&made) {
                let inner = path.strip_prefix(&made).unwrap();
                if inner.starts_with("sdk") {
                    continue;
                }
                compared += 1;
                let made = fs::read_to_string(&path).unwrap().replace(SDK[1], SDK[0]);
                let shipped = fs::read_to_string(shipped.join(inner)).unwrap_or_default();
                assert_eq!(made, shipped, "{}: {}", language.name(), inner.display());
            }
        }
    }
    assert!(compared > 8 * Language::ALL.len(), "{compared}");
}

fn everything(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                everything(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
