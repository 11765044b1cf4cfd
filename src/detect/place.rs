//! What a path says about the text under it: its environment, and whether it is there to be read by
//! people rather than to be used.

/// What is known from the path alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `prod`, `staging`, `dev` or `test`.
    pub(super) environment: Option<&'static str>,
    /// Why a credential here is likelier to be made up: `path is a test`.
    pub(super) lowers: Option<&'static str>,
    /// Whether it is program text, in which a bare word is a name and not a value.
    pub(super) source: bool,
    /// Whether words are separated by blanks only, as in a `.netrc`.
    pub(super) spaced: bool,
    /// What the text is there for.
    pub(super) class: Class,
    /// Whether it is there to show something, so that what stands in it need not work.
    pub(super) shows: bool,
    /// Whether it is Python, in which texts about the program stand between triple quotes.
    pub(super) python: bool,
    /// Whether the file is there to hold credentials, so that what stands there is one, however weak.
    pub(super) kept: bool,
    /// Whether the path is not known: then nothing is held against a text that some path would allow.
    pub(super) unknown: bool,
}

/// What a text is there for, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It is executed: names stand for values, and texts are there for many reasons.
    Program,
    /// It gives values to settings.
    Config,
    /// It is run by a shell, or was typed into one.
    Shell,
    /// People read it.
    Prose,
    /// It holds the texts of a surface in some language.
    Translation,
    /// A program made it from something else: locks, bundles, drawings.
    Derived,
    /// Nothing is known.
    Other,
}

impl Place {
    /// The ways in which a text can be read as long as its path is not known.
    pub(super) fn unknown() -> [Self; 3] {
        // A file that is there to hold credentials allows most; in program text names stand for values.
        [(false, false), (false, true), (true, false)].map(|(source, spaced)| Self {
            environment: None,
            lowers: None,
            source,
            spaced,
            class: if source {
                Class::Program
            } else {
                Class::Config
            },
            shows: false,
            python: false,
            kept: !source,
            unknown: true,
        })
    }

    pub(super) fn of(path: &str) -> Self {
        let file = path.rsplit('/').next().unwrap_or_default();
        let words = || {
            path.split(['/', '.', '-', '_', ' ', '\\'])
                .filter(|word| !word.is_empty())
        };
        // The file itself is nearer to the truth than the folders around it.
        let environment = words().rev().find_map(environment);
        let lowers = words().find_map(made_up);
        let (stem, extension) = match file.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, extension),
            _ => (file, ""),
        };
        let (stem, extension) = (stem.to_ascii_lowercase(), extension.to_ascii_lowercase());
        let lower = path.to_ascii_lowercase();
        let kept = credential_file(&lower);
        Self {
            environment,
            lowers,
            source: is_source(&extension),
            spaced: matches!(
                &*extension,
                "conf" | "cfg" | "cnf" | "cf" | "ovpn" | "tcl" | "secrets"
            ) || stem.ends_with("rc")
                || kept && extension.is_empty(),
            shows: lowers
                .is_some_and(|reason| !matches!(reason, "path is a test" | "path is a fixture")),
            python: extension == "py",
            class: class(&lower, &stem, &extension, kept),
            kept,
            unknown: false,
        }
    }
}

fn class(path: &str, stem: &str, extension: &str, kept: bool) -> Class {
    const TRANSLATIONS: [&str; 12] = [
        "/locale/",
        "/locales/",
        "/i18n/",
        "/l10n/",
        "/lang/",
        "/langs/",
        "/languages/",
        "/translations/",
        "/translation/",
        "/nls/",
        "/messages/",
        ".lproj/",
    ];
    const SETTINGS: [&str; 5] = [
        "config",
        "settings",
        "configuration",
        "secrets",
        "credentials",
    ];
    let file = path.rsplit('/').next().unwrap_or_default();
    let within = |folders: &[&str]| {
        folders.iter().any(|folder| {
            path.contains(folder)
                || folder
                    .strip_prefix('/')
                    .is_some_and(|f| path.starts_with(f))
        })
    };
    if kept {
        return Class::Config;
    }
    // `resources/keytool_zh_CN.java`: one file for each language.
    let in_language = || {
        let language = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_lowercase());
        within(&["/resources/"])
            && matches!(extension, "java" | "properties")
            && stem.split('_').skip(1).any(language)
    };
    if within(&TRANSLATIONS)
        || in_language()
        || matches!(
            extension,
            "po" | "pot" | "resx" | "xlf" | "xliff" | "arb" | "strings"
        )
        || stem.starts_with("messages_")
        || stem.starts_with("messages.")
    {
        return Class::Translation;
    }
    if matches!(
        extension,
        "lock"
            | "map"
            | "svg"
            | "css"
            | "scss"
            | "less"
            | "sum"
            | "snap"
            | "csv"
            | "tsv"
            | "asc"
            | "sig"
            | "diff"
            | "patch"
            | "md5"
            | "sha1"
            | "sha256"
            | "sha512"
            | "sfd"
            | "ps"
            | "eps"
            | "geojson"
    ) || file.contains(".min.")
        || file.contains(".bundle.")
        || file.contains(".pb.")
        || stem.ends_with("_pb2")
        || matches!(
            file,
            "package-lock.json"
                | "npm-shrinkwrap.json"
                | "pnpm-lock.yaml"
                | "go.sum"
                | "checksums.txt"
                | "manifest.json"
                | "record"
                | "requirements.txt"
                | "packages.lock.json"
        )
    {
        return Class::Derived;
    }
    match extension {
        "md" | "markdown" | "rst" | "adoc" | "asciidoc" | "txt" | "html" | "htm" | "xhtml"
        | "tex" | "org" | "textile" | "pod" | "mdx" | "rdoc" | "1" | "3" | "5" | "7" | "8" => {
            Class::Prose
        }
        "sh" | "bash" | "zsh" | "fish" | "ps1" | "psm1" | "bat" | "cmd" | "mk" | "ksh" | "csh" => {
            Class::Shell
        }
        "json" | "json5" | "jsonc" | "yaml" | "yml" | "xml" | "toml" | "ini" | "cfg" | "conf"
        | "cnf" | "properties" | "env" | "tf" | "tfvars" | "tfstate" | "hcl" | "plist"
        | "config" | "cf" | "nix" | "reg" | "ovpn" | "rdp" | "ldif" | "inf" | "settings" | "rc"
        | "eml" | "credentials" | "secret" | "secrets" | "dist" | "local" | "prod"
        | "production" | "staging" | "dev" | "development" | "pp" | "sls" | "cil" | "preseed"
        | "ks" | "sql" | "j2" | "cmake" | "rsc" => Class::Config,
        "" if matches!(
            file,
            "dockerfile" | "containerfile" | "vagrantfile" | "jenkinsfile"
        ) =>
        {
            Class::Config
        }
        "" if matches!(file, "makefile" | "gnumakefile" | "justfile" | "procfile") => Class::Shell,
        // `.bashrc`, `.env`, `.profile`.
        "" if file.starts_with('.') || file.ends_with("rc") || file.ends_with("profile") => {
            Class::Config
        }
        "" if path.contains("etc/") => Class::Config,
        "" if matches!(
            file,
            "readme" | "changelog" | "news" | "copying" | "license"
        ) =>
        {
            Class::Prose
        }
        "" => Class::Other,
        _ if file.starts_with(".env") || file.starts_with("dockerfile") => Class::Config,
        _ if is_source(extension) => {
            let settings = SETTINGS.iter().any(|s| stem.ends_with(s))
                || matches!(
                    stem,
                    "database" | "secret_token" | "local_settings" | "env" | "keys"
                );
            if settings {
                Class::Config
            } else {
                Class::Program
            }
        }
        _ => Class::Other,
    }
}

/// Files that are there to hold credentials: by their own names, or by names and folders.
fn credential_file(path: &str) -> bool {
    const FILES: [&str; 84] = [
        ".netrc",
        "_netrc",
        ".pgpass",
        "pgpass.conf",
        ".my.cnf",
        ".mylogin.cnf",
        ".npmrc",
        ".pypirc",
        ".yarnrc.yml",
        ".git-credentials",
        ".htpasswd",
        "htpasswd",
        ".s3cfg",
        ".boto",
        ".dockercfg",
        ".ftpconfig",
        "sftp-config.json",
        "sftp.json",
        ".remote-sync.json",
        "deployment-config.json",
        "webservers.xml",
        "datasources.local.xml",
        "recentservers.xml",
        "sitemanager.xml",
        "filezilla.xml",
        "ventrilo_srv.ini",
        "proftpdpasswd",
        "robomongo.json",
        "esmtprc",
        ".esmtprc",
        ".muttrc",
        ".msmtprc",
        "msmtprc",
        ".fetchmailrc",
        "fetchmailrc",
        ".offlineimaprc",
        ".mbsyncrc",
        ".getmailrc",
        ".tugboat",
        "rclone.conf",
        "configuration.php",
        "wp-config.php",
        "localsettings.php",
        "tomcat-users.xml",
        "credentials.xml",
        "settings-security.xml",
        "sasl_passwd",
        "chap-secrets",
        "pap-secrets",
        "ipsec.secrets",
        "wpa_supplicant.conf",
        "smbpasswd",
        "unattend.xml",
        "autounattend.xml",
        "sysprep.xml",
        "sysprep.inf",
        "groups.xml",
        "scheduledtasks.xml",
        "services.xml",
        "kubeconfig",
        "terraform.tfvars",
        "credentials",
        "credentials.toml",
        "credentials.json",
        "credentials.tfrc.json",
        ".terraformrc",
        "terraform.rc",
        "shadow",
        "gshadow",
        "passwd-",
        "shadow-",
        "master.passwd",
        "mirc.ini",
        "remmina.pref",
        "servers.conf",
        "confcons.xml",
        "winscp.ini",
        "hosts.yml",
        ".smbcredentials",
        ".gem-credentials",
        ".irbrc_secrets",
        "secrets.yml",
        "secrets.yaml",
        ".passwd-s3fs",
    ];
    const ENDS: [&str; 22] = [
        ".docker/config.json",
        ".cargo/credentials",
        ".gem/credentials",
        ".aws/credentials",
        "irssi/config",
        ".irssi/config",
        ".config/hub",
        ".kube/config",
        ".hexchat/servlist.conf",
        "ppp/chap-secrets",
        ".purple/accounts.xml",
        "clients.conf",
        ".ssh/config",
        "gh/hosts.yml",
        "sshd/passwords",
        ".vault-token",
        "secrets/master.key",
        "config/master.key",
        ".vault_pass",
        ".vault_pass.txt",
        ".vault_password",
        "ipsec.d/secrets",
    ];
    let file = path.rsplit('/').next().unwrap_or_default();
    FILES.contains(&file)
        || file.ends_with(".tfvars")
        || file.ends_with(".ovpn")
        || file.ends_with(".remmina")
        || file.ends_with(".tblk")
        || file.ends_with("passwd") && !file.contains(['.', '-'])
        || ENDS.iter().any(|end| {
            path.ends_with(end)
                && (path.len() == end.len()
                    || path.as_bytes().get(path.len() - end.len() - 1) == Some(&b'/'))
        })
}

fn environment(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 11] = [
        ("prod", "prod"),
        ("production", "prod"),
        ("prd", "prod"),
        ("staging", "staging"),
        ("stage", "staging"),
        ("stg", "staging"),
        ("preprod", "staging"),
        ("dev", "dev"),
        ("development", "dev"),
        ("test", "test"),
        ("qa", "test"),
    ];
    WORDS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map(|(_, environment)| *environment)
}

fn made_up(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 26] = [
        ("test", "path is a test"),
        ("tests", "path is a test"),
        ("testing", "path is a test"),
        ("testdata", "path is a test"),
        ("selftest", "path is a test"),
        ("selftests", "path is a test"),
        ("unittest", "path is a test"),
        ("unittests", "path is a test"),
        ("spec", "path is a test"),
        ("specs", "path is a test"),
        ("mock", "path is a test"),
        ("mocks", "path is a test"),
        ("fixture", "path is a fixture"),
        ("fixtures", "path is a fixture"),
        ("doc", "path is documentation"),
        ("docs", "path is documentation"),
        ("documentation", "path is documentation"),
        ("readme", "path is documentation"),
        ("changelog", "path is documentation"),
        ("example", "path is an example"),
        ("examples", "path is an example"),
        ("sample", "path is an example"),
        ("samples", "path is an example"),
        ("demo", "path is an example"),
        ("tutorial", "path is an example"),
        ("template", "path is a template"),
    ];
    WORDS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map(|(_, reason)| *reason)
}

/// Languages in which a value that is a text stands in quotes.
fn is_source(extension: &str) -> bool {
    const SOURCE: [&str; 50] = [
        "as", "clj", "coffee", "erl", "fs", "jl", "r", "vb", "vue", "pas", "c", "cc", "cpp", "cs",
        "cxx", "dart", "ex", "exs", "go", "gradle", "groovy", "h", "hcl", "hpp", "hs", "java",
        "js", "json", "jsx", "kt", "kts", "lua", "m", "mjs", "mm", "php", "pl", "pm", "ps1", "py",
        "rb", "rs", "s", "scala", "sql", "swift", "tf", "toml", "ts", "tsx",
    ];
    SOURCE.contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::{Class, Place};

    #[test]
    fn environments() {
        for (path, expected) in [
            (".env.production", Some("prod")),
            ("deploy/values-prod.yaml", Some("prod")),
            ("prod/values-staging.yaml", Some("staging")),
            ("envs/stg/app.env", Some("staging")),
            ("config/development.json", Some("dev")),
            ("a/qa/b.ini", Some("test")),
            ("products/reproduce.txt", None),
            ("devices/latest.c", None),
        ] {
            assert_eq!(Place::of(path).environment, expected, "{path}");
        }
    }

    #[test]
    fn made_up_places_and_source() {
        assert_eq!(Place::of("src/tests/a.py").lowers, Some("path is a test"));
        assert_eq!(Place::of("README.md").lowers, Some("path is documentation"));
        assert_eq!(Place::of(".env.example").lowers, Some("path is an example"));
        assert_eq!(Place::of("src/attestation.rs").lowers, None);
        assert!(Place::of("src/a.rs").source);
        assert!(!Place::of("a.env").source);
        assert!(Place::of("home/.netrc").spaced);
        assert!(Place::of("home/.netrc").kept);
    }

    #[test]
    fn what_texts_are_there_for() {
        for (path, class) in [
            ("src/a.rs", Class::Program),
            ("src/config.py", Class::Config),
            ("a/values.yaml", Class::Config),
            (".env.production", Class::Config),
            ("Dockerfile", Class::Config),
            ("run.sh", Class::Shell),
            ("guide.md", Class::Prose),
            ("locale/de/app.json", Class::Translation),
            ("package-lock.json", Class::Derived),
            ("a/jquery.min.js", Class::Derived),
            ("LICENSE", Class::Prose),
            ("data.bin", Class::Other),
        ] {
            assert_eq!(Place::of(path).class, class, "{path}");
        }
        for path in [
            "home/.docker/config.json",
            "a/wp-config.php",
            ".aws/credentials",
        ] {
            assert!(Place::of(path).kept, "{path}");
        }
        assert!(!Place::of("src/config.json").kept);
    }
}
