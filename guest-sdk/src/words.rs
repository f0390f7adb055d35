//! What is added to the generated types so that plugins read well.

use crate::{
    Code, Decision, Description, Edit, Failure, Need, Obligation, Part, SettingFault, Verdict,
};

impl Verdict {
    /// The call may pass, as far as this policy is concerned.
    #[must_use]
    pub fn allow() -> Self {
        Decision::Allow.into()
    }

    /// This policy has nothing to say about the call. Not an allowance.
    #[must_use]
    pub fn abstain() -> Self {
        Decision::Abstain.into()
    }

    /// Refuse, with a reason code that [`Description::reason`] declared.
    #[must_use]
    pub fn deny(code: &str) -> Self {
        Decision::Deny(code.to_owned()).into()
    }

    /// Hold the call until a human agrees, with a reason code that [`Description::reason`] declared.
    #[must_use]
    pub fn require_approval(code: &str) -> Self {
        Decision::RequireApproval(code.to_owned()).into()
    }

    /// Adds a condition. At most 16.
    #[must_use]
    pub fn with(mut self, obligation: Obligation) -> Self {
        self.obligations.push(obligation);
        self
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        Verdict {
            decision,
            obligations: Vec::new(),
        }
    }
}

impl Obligation {
    /// The decision entry is on disk before the call leaves.
    #[must_use]
    pub fn durable() -> Self {
        Obligation {
            kind: "durable".to_owned(),
            parameters: "{}".to_owned(),
            must_understand: true,
        }
    }
}

impl Description {
    /// Begins a declaration: a name (1 to 64 of `a-z 0-9 -`), a semantic version, and one sentence
    /// of at most 200 bytes that says what the plugin stops.
    #[must_use]
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Description {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            reasons: Vec::new(),
            entities: Vec::new(),
            needs: Vec::new(),
        }
    }

    /// Declares why the plugin may deny or ask for approval: a code, and the sentence that people
    /// read instead (at most 200 bytes). At most 64.
    #[must_use]
    pub fn reason(mut self, code: &str, sentence: &str) -> Self {
        self.reasons.push(Code::new(code, sentence));
        self
    }

    /// Declares what the plugin may find: a code and a sentence. At most 256.
    #[must_use]
    pub fn entity(mut self, code: &str, sentence: &str) -> Self {
        self.entities.push(Code::new(code, sentence));
        self
    }

    /// Declares a place that the plugin reads, as an RFC 6901 pointer in which a step `*` stands
    /// for every item or member and `~2` for a literal `*`. At most 64.
    #[must_use]
    pub fn need(mut self, part: Part, pointer: &str) -> Self {
        self.needs.push(Need {
            part,
            pointer: pointer.to_owned(),
        });
        self
    }
}

impl Code {
    fn new(code: &str, sentence: &str) -> Self {
        Code {
            code: code.to_owned(),
            sentence: sentence.to_owned(),
        }
    }
}

impl Edit {
    /// The bytes `start..end` of a leaf, as an entity that [`Description::entity`] declared.
    /// `confidence` is in percent, 1 to 100. Offsets over 4 GiB, which no leaf has, become an edit
    /// that the host refuses.
    #[must_use]
    pub fn new(leaf: u32, span: std::ops::Range<usize>, entity: &str, confidence: u8) -> Self {
        Edit {
            leaf,
            start: u32::try_from(span.start).unwrap_or(u32::MAX),
            end: u32::try_from(span.end).unwrap_or(u32::MAX),
            entity: entity.to_owned(),
            confidence,
        }
    }
}

impl SettingFault {
    /// A fault at an RFC 6901 pointer into the settings, and how to mend it.
    #[must_use]
    pub fn new(pointer: &str, message: &str) -> Self {
        SettingFault {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// So that a policy can use `?` on a setting that `configure` has accepted before.
impl From<SettingFault> for String {
    fn from(fault: SettingFault) -> Self {
        ["setting ", &fault.pointer, ": ", &fault.message].concat()
    }
}

/// So that a policy can use `?` on a reading: not seeing is a failure, and so a denial.
/// So that `?` in an `evaluate` or `find` fails closed, with a word for the debug log.
macro_rules! told {
    ($failure:ty: $($case:ident $words:literal,)+) => {
        impl From<$failure> for String {
            fn from(failure: $failure) -> Self {
                match failure {
                    $(<$failure>::$case => $words,)+
                }
                .to_owned()
            }
        }
    };
}

told! { crate::key_value::Failure:
    BadKey "a key that is empty, or over 1,024 bytes",
    TooLarge "a value over 64 KiB, or more bytes than a check may read",
    BadLifetime "a lifetime of 0, or over ten years",
    Quota "an entry over the quota",
    Unavailable "a store that does not answer",
}

told! { crate::counter::Failure:
    BadKey "a key that is empty, or over 1,024 bytes",
    BadWindow "a window of 0, or over ten years",
    Quota "a counter over the quota",
    OutOfRange "a counter that would leave its range",
    Unavailable "a store that does not answer",
}

told! { crate::rate_limit::Failure:
    NotGranted "a bucket that is not granted",
    TooMany "more tokens than the bucket ever holds",
    Unavailable "a bucket without room for another caller",
}

told! { crate::http_fetch::Failure:
    BadRequest "a request that may not be sent",
    NotGranted "a server that is not granted",
    SecretOrigin "a secret that is not for this server",
    Unresolved "a name without an address",
    RefusedAddress "a name with an address that is refused",
    Unreachable "a server that cannot be reached",
    BadCertificate "a certificate that is refused",
    BadRedirect "a redirect that is refused",
    BadResponse "an answer that is malformed",
    TooLarge "an answer that is too large",
    TooMany "more requests than a check may make",
    TimedOut "a server that was too slow",
    ShowsSecret "an answer that shows a secret",
}

told! { crate::fs_read::Failure:
    NotGranted "a folder that is not granted",
    BadPath "a path that is none",
    Outside "a path that leads out of its folder",
    NotFound "a file that is not there",
    NotAFile "a path without a regular file",
    NotAFolder "a path without a folder",
    TooLarge "a file over 1 MiB, or more bytes than a check may read",
    TooMany "a folder with over 1,024 entries",
    NotText "a name that is not UTF-8",
    Changed "a file that changed while it was read",
    TimedOut "a disk that was too slow",
    Unavailable "a file that the system refuses",
}

told! { crate::secret_use::Failure:
    NotGranted "a use of a secret that is not granted",
    TooLarge "more than 64 KiB to sign",
    TooMany "more secrets than a request may carry",
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotGranted => "a place that the grant does not show",
            Failure::BadPointer => "a pointer that is none, or over 1,024 bytes",
            Failure::TooLarge => "more bytes than a check may read",
        }
        .to_owned()
    }
}

impl From<SettingFault> for Vec<SettingFault> {
    fn from(fault: SettingFault) -> Self {
        vec![fault]
    }
}
