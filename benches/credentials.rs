// The patterns of the scan benchmark: 200 forms of credentials of invented services. The forms are those
// that real ones have: a prefix, a prefix in capitals with a checked length, a name with dashes, a value
// that is assigned to a name, the path of a webhook.

/// Services that nobody runs.
const SERVICES: [&str; 40] = [
    "amberly",
    "basalto",
    "cindermill",
    "dovetail9",
    "elmspring",
    "fernhub",
    "glintbox",
    "harborly",
    "inkwellio",
    "juniperq",
    "kestrelpay",
    "lanternly",
    "mossgate",
    "nimbuso",
    "oakledger",
    "pebbleworks",
    "quillstack",
    "ravenport",
    "sablesoft",
    "tidepool",
    "umbraops",
    "velvetdb",
    "willowmq",
    "xylograph",
    "yarrowly",
    "zephyrnet",
    "anvilcloud",
    "brackenai",
    "copperline",
    "driftmail",
    "emberci",
    "foxgloveid",
    "granitevault",
    "hollowsign",
    "ivorytel",
    "jasperforms",
    "kilnrunner",
    "larkspace",
    "marlinsql",
    "nettlebot",
];

/// Ids and regexes, in the syntax that the crate `regex` has without its Unicode mode.
pub(crate) fn patterns() -> Vec<(String, String)> {
    let mut patterns = Vec::with_capacity(SERVICES.len() * 5);
    for name in SERVICES {
        let short: String = name.chars().take(5).collect();
        let capitals = short.to_uppercase();
        for (form, regex) in [
            ("key", format!("{short}_(?:live|test)_[A-Za-z0-9]{{24,40}}")),
            ("id", format!(r"\b{capitals}[A-Z2-7]{{16}}\b")),
            ("pat", format!(r"{short}-pat-[a-z0-9-]{{20,48}}")),
            (
                "assigned",
                format!(
                    r#"(?i){name}[_-]?(?:api[_-]?)?(?:key|token|secret)["']?\s{{0,4}}[:=]\s{{0,4}}["']?(?<secret>[a-z0-9_/+=-]{{20,64}})"#
                ),
            ),
            (
                "hook",
                format!(r"https://hooks\.{name}\.example/[A-Za-z0-9/]{{30,60}}"),
            ),
        ] {
            patterns.push((format!("{name}-{form}"), regex));
        }
    }
    patterns
}
