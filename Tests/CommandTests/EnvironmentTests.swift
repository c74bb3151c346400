import Foundation
import Testing

/// How the command lives on a machine: its cache, its version, terminals, how much it says, and its installation.
@Suite struct EnvironmentTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func shell(_ environment: String, _ arguments: String) throws -> CommandResult {
        try workplace.run(line: "\(environment) '\(Workplace.command.path)' \(arguments)")
    }

    // MARK: Cache

    @Test func theCacheTouchesItsOwnFilesOnly() throws {
        try workplace.makeFolder("cache")
        // Beyond the limit, and older than all that the command makes.
        let line = """
            cd cache; for n in 1 2 3; do truncate -s 200M mine_$n.o; done; touch libx.o.bak
            truncate -s 300M \(String(repeating: "ab", count: 32)).o; touch -d 2001-01-01 *
            """
        #expect(try workplace.run(line: line).status == 0)
        let foreign = Set(try FileManager.default.contentsOfDirectory(atPath: workplace.path("cache")))
        #expect(foreign.count == 5)
        let bench = try shell("BRAID_CACHE=cache", "bench tiny.braid --runs 1 --seconds 0")
        #expect(bench.status == 0, "\(bench.errors)")
        let names = { Set(try FileManager.default.contentsOfDirectory(atPath: workplace.path("cache"))) }
        #expect(try names().isSuperset(of: foreign))

        let shown = try shell("BRAID_CACHE=cache", "cache --json").json()
        let entries = try #require(shown["entries"] as? Int)
        #expect(try names().count == foreign.count + entries && entries > 0)
        #expect(shown["limit_bytes"] as? Int == 256 << 20 && (shown["folder"] as? String)?.hasSuffix("/cache") == true)
        #expect((shown["bytes"] as? Int ?? 0) > 0 && (shown["bytes"] as? Int ?? .max) < 10 << 20)
        let text = try shell("BRAID_CACHE=cache", "cache").output
        for part in ["folder", "entries  \(entries)", "limit    256.0 MiB"] { #expect(text.contains(part), "\(text)") }

        let cleared = try shell("BRAID_CACHE=cache", "cache clear --json").json()
        #expect(cleared["removed_entries"] as? Int == entries && cleared["removed_bytes"] as? Int == shown["bytes"] as? Int)
        #expect(try names() == foreign)
        #expect(try shell("BRAID_CACHE=cache", "cache clear").output.hasPrefix("removed 0 entries (0 B) from "))
    }

    @Test func aCacheOfItsOwnSaysSo() throws {
        #expect(try shell("BRAID_CACHE=new/cache", "bench tiny.braid --runs 1 --seconds 0").status == 0)
        let tag = String(decoding: try workplace.bytes("new/cache/CACHEDIR.TAG"), as: UTF8.self)
        #expect(tag.hasPrefix("Signature: 8a477f597d28d172789f06886806bc55\n"))
        #expect(try shell("BRAID_CACHE=none", "cache").output == "no machine code is kept, because BRAID_CACHE is 'none'\n")
        #expect(try shell("BRAID_CACHE=none", "cache --json").json()["folder"] == nil)
    }

    // MARK: Version

    @Test func versionSaysWhatThereIs() throws {
        let number = try workplace.run("--version").output.trimmingCharacters(in: .whitespacesAndNewlines)
        let record = try shell("BRAID_CACHE=/a/b", "version --json").json()
        #expect(number == "braid \(try #require(record["version"] as? String))")
        #expect((record["llvm"] as? String)?.split(separator: ".").count == 3)
        #expect(record["cache"] as? String == "/a/b" && (record["threads"] as? Int ?? 0) > 0)
        #expect((record["units"] as? [String])?.isEmpty == false && record["processor"] as? String != "")
        let text = try workplace.run("version").output
        for part in ["braid ", "LLVM ", "processor ", "vector units ", "threads ", "machine code "] {
            #expect(text.contains(part), "\(text)")
        }
    }

    // MARK: Terminals

    @Test(arguments: [
        ("", false), ("CLICOLOR_FORCE=1", true), ("CLICOLOR_FORCE=0", false), ("CLICOLOR_FORCE=1 NO_COLOR=1", false),
        ("CLICOLOR_FORCE=1 NO_COLOR=", true), ("CLICOLOR=1", false),
    ])
    func coloursAreAskedFor(environment: String, isColoured: Bool) throws {
        try workplace.write("block b(x) { y }", to: "broken.braid")
        let plain = "env -u NO_COLOR -u CLICOLOR -u CLICOLOR_FORCE"
        #expect(try shell("\(plain) \(environment)", "describe tiny.braid").output.contains("\u{1B}[") == isColoured)
        #expect(try shell("\(plain) \(environment)", "check broken.braid").errors.contains("\u{1B}[") == isColoured)
    }

    /// Whether there is a program that runs a command on a terminal of its own, and the system has terminals to give: a bare root folder
    /// has none.
    private static let hasTerminals: Bool = {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else { return false }
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        if terminal >= 0 { close(terminal) }
        return terminal >= 0
    }()

    /// On a terminal: colour and lines that are rewritten, unless it cannot do that or the user does not want it.
    @Test(
        .enabled(if: hasTerminals, "there is no program `script`, or the system gives it no terminal"),
        arguments: [
            ("TERM=xterm", true, true), ("TERM=dumb", false, false), ("TERM=xterm NO_COLOR=1", false, true),
            ("TERM=xterm CLICOLOR=0", false, true),
        ])
    func terminalsAreTreatedAsTheyWant(environment: String, isColoured: Bool, isRewritten: Bool) throws {
        let command = "'\(Workplace.command.path)' train tiny.braid --data mnist:data --epochs 30 -o out"
        let line = "env -u NO_COLOR -u CLICOLOR -u CLICOLOR_FORCE \(environment) script -qec \"\(command)\" /dev/null"
        let text = try workplace.run(line: line).output
        #expect(text.contains("on the held-out pictures"), "\(text)")
        #expect(text.contains("\u{1B}[1m") == isColoured && text.contains("\u{1B}[K") == isRewritten, "\(text.prefix(500))")
    }

    // MARK: Progress

    @Test func quietCommandsPrintTheirResult() throws {
        let train = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--epochs", "12", "-o", "out", "--quiet")
        #expect(train.status == 0 && train.errors.isEmpty, "\(train.errors)")
        #expect(train.output.split(separator: "\n").count == 6 && train.output.contains("out.safetensors"), "\(train.output)")
        let evaluate = ["evaluate", "tiny.braid", "--weights", "out.safetensors", "--data", "mnist:data", "-q"]
        #expect(try workplace.run(evaluate).errors.isEmpty)
        let overfit = try workplace.run("overfit", "tiny.braid", "--steps", "4", "--rate", "0.05", "-q")
        #expect(overfit.output.split(separator: "\n").count == 1 && overfit.output.hasPrefix("tiny: loss "), "\(overfit.output)")
        let tune = try workplace.run("tune", "tiny.braid", "--seconds", "0", "--candidates", "1", "-q")
        #expect(tune.status == 0 && tune.errors.isEmpty && tune.output.hasPrefix("tiny, inference"), "\(tune.errors)")
    }

    /// What is not clearly faster is not kept, and that is said.
    @Test func tuningSaysWhatItKeeps() throws {
        for _ in 0..<4 {
            let tune = ["tune", "tiny.braid", "--seconds", "0", "--candidates", "2", "--threads", "1"]
            let record = try workplace.run(tune + ["--json"]).json()
            let layers = try #require(record["layers"] as? [[String: Any]])
            let isKept = try #require(record["kept"] as? Bool)
            #expect(isKept == layers.contains { $0["after"] is String })
            let (before, after) = (record["ms_before"] as? Double ?? 0, record["ms_after"] as? Double ?? 0)
            #expect(!isKept || after < before)
            let stored = try #require(try workplace.run("tune", "--show", "--json").json()["entries"] as? [Any])
            #expect(stored.isEmpty == !isKept)
            let text = try workplace.run(tune).output
            #expect(text.contains("nothing was kept") != text.contains("times as fast"), "\(text)")
        }
    }

    // MARK: Installation

    @Test func installs() throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../script/install").standardized.path
        let install = "'\(script)' --command '\(Workplace.command.path)' --prefix \"$PWD/place\""
        try workplace.makeFolder("place/share/braid/graphs")
        try workplace.write("mine", to: "place/share/braid/graphs/mine.braid")
        for _ in 0..<2 {
            let result = try workplace.run(line: install)
            #expect(result.status == 0 && result.output.isEmpty, "\(result.errors)")
        }
        let braid = workplace.path("place/bin/braid")
        #expect(try workplace.run(line: "'\(braid)' --version").output == workplace.run("--version").output)
        let described = try workplace.run(line: "'\(braid)' describe place/share/braid/graphs/resnet.braid:resnet18 --json")
        #expect(try described.json()["parameters"] as? Int == 11_689_512)
        #expect(try workplace.run(line: "bash -n place/share/bash-completion/completions/braid && . $_ && complete -p braid").status == 0)
        for (path, part) in [("zsh/site-functions/_braid", "#compdef braid"), ("fish/vendor_completions.d/braid.fish", "complete -c")] {
            #expect(String(decoding: try workplace.bytes("place/share/\(path)"), as: UTF8.self).contains(part), "\(path)")
        }
        let pages = try FileManager.default.contentsOfDirectory(atPath: workplace.path("place/share/man/man1")).sorted()
        #expect(pages.contains("braid.1") && pages.contains("braid-cache-clear.1") && pages.contains("braid-train.1") && pages.count >= 19)
        for page in pages {
            let text = String(decoding: try workplace.bytes("place/share/man/man1/\(page)"), as: UTF8.self)
            let sections = text.split(separator: "\n").filter { $0.hasPrefix(".SH ") }.map { $0.dropFirst(4) }
            #expect(
                sections.starts(with: ["NAME"]) && sections.contains("SYNOPSIS") && sections.contains("OPTIONS"), "\(page): \(sections)")
            #expect(text.hasPrefix(".TH \"\(page.dropLast(2).uppercased())\" 1 \"\" \"braid "), "\(page)")
            #expect(text.contains(" \\- ") && text.ranges(of: "\n.nf\n").count == text.ranges(of: "\n.fi\n").count, "\(page)")
        }
        let removed = try workplace.run(line: "'\(script)' --uninstall --prefix \"$PWD/place\" && find place -type f")
        #expect(removed.status == 0 && removed.output == "place/share/braid/graphs/mine.braid\n", "\(removed.output)\(removed.errors)")
        #expect(try workplace.run(line: "'\(script)' --uninstall --prefix \"$PWD/place\"").status == 1)
        #expect(try workplace.run(line: "'\(script)' --prefix /proc/none --command /bin/true").errors.contains("--prefix ~/.local"))
    }
}
