//! What the host searches for: where a credential may be. Each pattern takes in every place at which
//! its format can begin, and enough of what must follow to leave few others; what else must hold,
//! [`crate::scan`] judges.

use wardlet_sdk::PatternSet;

/// The name of the set.
pub(crate) const SET: &str = "credentials";

/// The position of the pattern for the names of members.
pub(crate) const NAME: u32 = 0;

/// The position of the pattern for names to which a value is assigned.
pub(crate) const ASSIGNED: u32 = 1;

/// Ends of names whose values are secret, as [`crate::assigned`] knows them.
macro_rules! secret_name {
    () => {
        "(?i)(?:pass[_.-]*(?:word|wd|phrase)|pwd|secret|token|(?:api|access|secret|private|auth)[_.-]*key|credentials?)[_.-]*"
    };
}

const PATTERNS: [(&str, &str); 20] = [
    ("secret-name", concat!(secret_name!(), "$")),
    (
        "assigned-secret",
        concat!(
            secret_name!(),
            // Blanks and quotes, the sign, the quote of the value, and what a value may begin with.
            r#"[ \t"'\\:]{0,16}[:=][ \t\\]*["'`]?[^\n\\({< ]{8}"#
        ),
    ),
    ("aws-access-key-id", "A[KS]IA[A-Z2-7]{16}"),
    ("github-token", r"gh[oprsu]_\w{36}"),
    ("github-fine-grained-token", r"github_pat_\w{82}"),
    ("gitlab-token", r"gl(?:pat|dt|rt)-[\w.-]{20}"),
    ("slack-token", r"x(?:ox[abeprs]|app)-[\w-]{20}"),
    ("stripe-key", "[rs]k_live_[A-Za-z0-9]{16}"),
    // OpenAI's, Anthropic's and others'.
    ("sk-key", r"sk-[\w-]{32}"),
    ("google-api-key", r"AIza[\w-]{35}"),
    ("npm-token", r"npm_\w{36}"),
    ("pypi-token", r"pypi-AgE[\w-]{50}"),
    ("huggingface-token", r"hf_\w{34}"),
    ("sendgrid-key", r"SG\.[\w.-]{66}"),
    ("twilio-key", "SK[0-9a-f]{32}"),
    // Base64url of `{"`, or of `{` and white space; a header, a payload, a signature.
    ("jwt", r"(?:ey[A-DI-L]|ew[k-r0-3])[\w-]{8}[\w-]*\.[\w-]*\."),
    (
        "private-key",
        "-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*-----",
    ),
    (
        "url-password",
        r#"://(?:[^\x00-\x20/?\x23"'<>`\\]*@|hooks\.slack\.com/services/[A-Za-z0-9/]{40})"#,
    ),
    ("bearer-token", r"(?i)bearer [\w.~+/=-]{16}"),
    ("basic-credentials", "(?i)basic [A-Za-z0-9+/]{4}"),
];

/// The declaration.
pub(crate) fn declare() -> PatternSet {
    PATTERNS
        .iter()
        .fold(PatternSet::new(SET), |set, (id, regex)| {
            set.pattern(id, regex)
        })
}
