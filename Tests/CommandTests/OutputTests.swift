import Foundation
import Testing

/// What cannot be written is an error, told before the work where that can be known, and nothing is left half-written.
@Suite struct OutputTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
        try workplace.write("block b(x){x+1}", to: "loose.braid")
    }

    /// Runs a line of the shell, in which `braid` is the command.
    private func shell(_ line: String) throws -> CommandResult {
        try workplace.run(line: "braid() { '\(Workplace.command.path)' \"$@\"; }; \(line)")
    }

    private static let full = "error: standard output cannot be written (No space left on device)\n"

    @Test(arguments: [
        "--help", "--version", "help train", "train --help", "--generate-completion-script bash", "--experimental-dump-help", "version",
        "version --json", "describe tiny.braid", "describe tiny.braid --json", "describe tiny.braid --svg", "describe tiny.braid --dot",
        "describe --operators", "describe --operators conv", "check tiny.braid", "check tiny.braid --json", "format - < loose.braid",
        "format --check loose.braid", "dump tiny.braid --stage tokens", "dump tiny.braid --stage llvm", "dump tiny.braid --stage object",
        "dump tiny.braid --stage plan -o /dev/stdout", "run tiny.braid --input one.npy", "run tiny.braid --input one.npy --json",
        "run tiny.braid --input one.npy --top 3", "overfit tiny.braid --steps 2", "overfit tiny.braid --steps 2 --json",
        "bench tiny.braid --runs 1 --seconds 0", "bench tiny.braid --runs 1 --seconds 0 --json", "bench tiny.braid --simulate-threads 1,2",
        "tune --show", "tune --show --json", "tune --clear", "cache", "cache --json", "data show mnist:data",
        "train tiny.braid --data mnist:data --epochs 1 -o out", "train tiny.braid --data mnist:data --epochs 1 -o out --json",
    ])
    func aFullDiskIsAnError(arguments: String) throws {
        try workplace.writeOnes(to: "one.npy")
        let result = try shell("braid \(arguments) > /dev/full")
        #expect(result.status == 1, "\(result.errors)")
        let named = Self.full.replacing("standard output", with: "/dev/stdout: the file")
        let isTold = result.errors.contains(Self.full) || (arguments.contains("/dev/stdout") && result.errors.contains("No space left"))
        #expect(isTold, "\(named): \(result.errors)")
    }

    @Test func aClosedOutputIsAnError() throws {
        for line in ["braid describe tiny.braid >&-", "braid dump tiny.braid --stage llvm -o out.ll >&-; braid check out.ll >&-"] {
            let result = try shell(line)
            #expect(result.status == 1, "\(line): \(result.errors)")
        }
        let text = try String(decoding: workplace.bytes("out.ll"), as: UTF8.self)
        #expect(!text.contains("error") && text.contains("define"), "output went into a file that was opened later")
        #expect(
            try shell("braid describe tiny.braid >&-").errors == Self.full.replacing("No space left on device", with: "Bad file descriptor")
        )
    }

    /// A file that may grow no more ends neither the process nor its message.
    @Test func aFileLimitIsAnError() throws {
        let result = try shell("ulimit -f 1; braid dump tiny.braid --stage llvm > out.ll")
        #expect(result.status == 1 && result.errors.contains("standard output cannot be written (File too large)"), "\(result.errors)")
        let file = try shell("ulimit -f 1; braid dump tiny.braid --stage llvm -o limited.ll")
        #expect(file.status == 1 && file.errors.contains("File too large"), "\(file.errors)")
        #expect(try workplace.names().allSatisfy { !$0.contains("limited") })
    }

    /// What makes files makes them though nobody can read what it prints, and says so with its status.
    @Test func filesAreMadeAllTheSame() throws {
        #expect(try shell("braid train tiny.braid --data mnist:data --epochs 1 -o out > /dev/full").status == 1)
        #expect(try workplace.names().isSuperset(of: ["out.safetensors", "out.history.json"]))
        try workplace.writeOnes(to: "one.npy")
        #expect(try shell("braid run tiny.braid --input one.npy --output-dir results > /dev/full").status == 1)
        #expect(FileManager.default.fileExists(atPath: workplace.path("results/logits.npy")))
        #expect(try shell("braid bench tiny.braid --runs 1 --seconds 0 --save b.json > /dev/full").status == 1)
        #expect(try workplace.names().contains("b.json"))
    }

    /// A reader that goes away ends what only prints, in silence.
    @Test(arguments: [
        "dump tiny.braid --stage llvm", "describe --operators", "--help", "overfit tiny.braid --steps 1000000",
        "train tiny.braid --data mnist:data --epochs 1 -o out",
    ])
    func aClosedPipeIsQuiet(arguments: String) throws {
        let result = try shell("braid \(arguments) 2> errors | head -1 > /dev/null; exit ${PIPESTATUS[0]}")
        #expect(result.status == 0)
        let errors = String(decoding: try workplace.bytes("errors"), as: UTF8.self)
        #expect(errors.split(separator: "\n").allSatisfy { $0.hasPrefix("epoch ") }, "\(errors)")
        #expect(!arguments.hasPrefix("train") || FileManager.default.fileExists(atPath: workplace.path("out.safetensors")))
    }

    /// An answer that is the exit status is given, whoever reads.
    @Test func aClosedPipeHidesNoMistake() throws {
        try workplace.write("block b(x) { y }", to: "broken.braid")
        let files = [String](repeating: "tiny.braid", count: 2000).joined(separator: " ")
        let result = try shell("braid check \(files) broken.braid 2> /dev/null | head -1 > /dev/null; exit ${PIPESTATUS[0]}")
        #expect(result.status == 1)
    }

    // MARK: Paths

    @Test func foldersGetFilesNamedAfterTheNetwork() throws {
        try workplace.makeFolder("results")
        for output in ["results", "results/", "./results//"] {
            let result = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "-o", output)
            #expect(result.status == 0 && result.output.contains("results/"), "\(result.errors)")
            let made = Set(try FileManager.default.contentsOfDirectory(atPath: workplace.path("results")))
            #expect(
                made == [
                    "tiny.safetensors", "tiny.checkpoint.safetensors", "tiny.history.json", "tiny.curves.svg", "tiny.epochs.csv",
                    "tiny.steps.csv",
                ])
        }
        for (arguments, name) in [
            (["describe", "tiny.braid", "--svg"], "tiny.svg"), (["describe", "tiny.braid", "--dot"], "tiny.dot"),
            (["dump", "tiny.braid", "--stage", "llvm"], "tiny.ll"), (["dump", "tiny.braid", "--stage", "assembly"], "tiny.s"),
            (["dump", "tiny.braid", "--stage", "object"], "tiny.o"), (["dump", "tiny.braid", "--stage", "graph"], "tiny.graph"),
            (["dump", "tiny.braid", "--dump-after", "decompose"], "tiny.graph"),
        ] {
            let result = try workplace.run(arguments + ["-o", "results"])
            #expect(result.status == 0 && FileManager.default.fileExists(atPath: workplace.path("results/\(name)")), "\(result.errors)")
        }
    }

    /// Everything that is going to be written is looked at before the work, which here would fail or take long.
    @Test(arguments: [
        (["train", "tiny.braid", "--data", "mnist:absent"], "-o", true), (["dump", "tiny.braid", "--stage", "object"], "-o", true),
        (["describe", "tiny.braid", "--svg"], "-o", true), (["bench", "tiny.braid", "--seconds", "3600"], "--save", false),
        (["evaluate", "tiny.braid", "--weights", "absent", "--data", "mnist:absent"], "--confusion", false),
        (["data", "show", "mnist:absent"], "-o", false),
    ])
    func pathsAreCheckedFirst(arguments: [String], option: String, takesFolders: Bool) throws {
        try workplace.makeFolder("folder")
        try workplace.write("", to: "file")
        var cases = [
            ("", "this names no file"), ("absent/x", "the file cannot be written (No such file or directory)"),
            ("file/x", "(Not a directory)"), ("/proc/x", "/proc/x"), (String(repeating: "x", count: 300), "(File name too long)"),
        ]
        if takesFolders {
            cases += [("/", "this names no file"), ("///", "this names no file"), ("absent/", "(No such file or directory)")]
        } else {
            cases += [("folder", "this is a folder"), ("folder/", "names no file")]
        }
        if arguments[0] == "train" {
            try workplace.makeFolder("taken.checkpoint.safetensors")
            cases += [(".safetensors", "this names no file"), ("folder/.safetensors", "this names no file"), ("taken", "this is a folder")]
        }
        let before = try workplace.names()
        for (path, message) in cases {
            let result = try workplace.run(arguments + [option, path])
            #expect(result.status == 1 && result.errors.contains(message), "\(path): \(result.errors)")
            #expect(result.errors.contains("help: ") && result.output.isEmpty)
        }
        #expect(try workplace.names() == before)
    }

    @Test(arguments: [
        ["run", "tiny.braid", "--input", "absent.npy", "--output-dir"],
        ["data", "fetch", "mnist", "--mirror", "http://127.0.0.1:9/none", "--to"],
    ])
    func foldersAreCheckedFirst(arguments: [String]) throws {
        try workplace.write("", to: "file")
        for (path, message) in [
            ("", "names no folder"), ("file", "this is a file"), ("file/x/y", "file is a file"),
            ("/proc/x", "/proc/x: no files can be made there ("),
        ] {
            let result = try workplace.run(arguments + [path])
            #expect(result.status == 1 && result.errors.contains(message), "\(path): \(result.errors)")
        }
    }

    /// Tuning, which takes long, knows at once that it has no place for what it will find.
    @Test func tuningChecksItsPlaceFirst() throws {
        try workplace.write("", to: "file")
        for (place, message) in [("file", "this is a file"), ("/proc/none", "/proc/none: no files can be made there (")] {
            let tune = "BRAID_TUNING=\(place) braid tune tiny.braid --seconds 3600"
            let result = try shell("braid() { '\(Workplace.command.path)' \"$@\"; }; \(tune)")
            #expect(result.status == 1 && result.errors.contains(message) && !result.errors.contains("round 1"), "\(result.errors)")
        }
    }
}
