import Foundation
import Interchange
import Testing

/// No result replaces a file that it is made of, whatever the path is spelled like; nor do two results go to one file.
@Suite struct InputProtectionTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
        let result = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "-o", "known", "--quiet")
        #expect(result.status == 0, "\(result.errors)")
    }

    /// Runs a command that is to be refused, and looks at all files before and after.
    private func isRefused(_ arguments: [String], because reason: String = "which it would replace") throws {
        func files() throws -> [String: Data] {
            var result: [String: Data] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: workplace.folder) {
                result[name] = FileManager.default.contents(atPath: workplace.path(name))
            }
            return result
        }
        let before = try files()
        let result = try workplace.run(arguments)
        #expect(result.status == 1 && result.errors.contains(reason), "\(arguments): \(result.status) \(result.errors)")
        #expect(try files() == before, "\(arguments)")
    }

    private static let training = ["train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "--quiet"]

    @Test func trainingsReplaceNothingTheyRead() throws {
        try isRefused(Self.training + ["--weights", "known.safetensors", "-o", "./known"])
        try isRefused(Self.training + ["--weights", "known.checkpoint.safetensors", "-o", "known"])
        try isRefused(Self.training + ["--resume", "known.safetensors", "-o", "known"])
        try FileManager.default.createSymbolicLink(atPath: workplace.path("link.safetensors"), withDestinationPath: "known.safetensors")
        try isRefused(Self.training + ["--weights", "known.safetensors", "-o", "link"])
        try isRefused(["fine-tune", "tiny.braid", "--weights", "known.safetensors", "--data", "mnist:data", "-o", "known", "--quiet"])
        let source = String(decoding: try workplace.bytes("tiny.braid"), as: UTF8.self)
        try workplace.write(
            source.replacing("    optimizer", with: "    initialize \"fc.*\": from(\"known.safetensors\")\n    optimizer"),
            to: "initial.braid")
        try isRefused(["train", "initial.braid", "--data", "mnist:data", "--epochs", "1", "--quiet", "-o", "known"])
    }

    /// A training goes on into its own files.
    @Test func resumedTrainingsReplaceTheirOwn() throws {
        let result = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "--quiet", "--resume", "./known.checkpoint.safetensors", "-o",
            "known")
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test func drawingsReplaceNothingTheyShow() throws {
        let data = "data/t10k-images-idx3-ubyte"
        let name = FileManager.default.fileExists(atPath: workplace.path(data)) ? data : data + ".gz"
        #expect(FileManager.default.fileExists(atPath: workplace.path(name)))
        let evaluation = ["evaluate", "tiny.braid", "--weights", "known.safetensors", "--data", "mnist:data"]
        try isRefused(evaluation + ["--confusion", name])
        try isRefused(evaluation + ["--top-losses", "tiny.braid"])
        try isRefused(evaluation + ["--confusion", "a.png", "--top-losses", "./a.png"], because: "two results are to be written to this")
        try isRefused(["data", "show", "mnist:data", "-o", name])
        try isRefused(["data", "show", "mnist:data", "--for", "tiny.braid", "-o", "tiny.braid"])
    }

    @Test func weightsAreNotRewrittenInPlace() throws {
        try isRefused(["weights", "convert", "known.safetensors", "./known.safetensors", "--type", "f16"])
        try isRefused(["weights", "prune", "known.safetensors", "known.safetensors", "--drop", "fc.*"])
    }

    /// An index is one file, and what it names are others.
    @Test func filesOfAnIndexAreInputs() throws {
        let names = try WeightsFile(path: workplace.path("known.safetensors")).entries.map(\.name)
        let map = names.map { "\"\($0)\": \"known.safetensors\"" }.joined(separator: ", ")
        let index = "known.safetensors.index.json"
        try workplace.write("{\"metadata\": {}, \"weight_map\": {\(map)}}", to: index)
        try isRefused(["weights", "convert", index, "known.safetensors"])
        try isRefused(["weights", "convert", index, "./known.safetensors", "--map", "fc.*=head.*"])
        try isRefused(["weights", "prune", index, "known.safetensors", "--keep", "fc.*"])
        try isRefused(Self.training + ["--weights", index, "-o", "known"])
        try isRefused(["fine-tune", "tiny.braid", "--weights", index, "--data", "mnist:data", "-o", "known", "--quiet"])
        try isRefused(["evaluate", "tiny.braid", "--weights", index, "--data", "mnist:data", "--confusion", "known.safetensors"])
        try isRefused(["bench", "tiny.braid", "--weights", index, "--save", "known.safetensors"])
        try isRefused(["export", "tiny.braid", "--weights", index, "-o", "known.safetensors"])
        let written = try workplace.run("weights", "convert", index, "other.safetensors")
        #expect(written.status == 0, "\(written.errors)")
    }

    /// What is measured may be named with the network that it picks.
    @Test func measurementsReplaceNoSource() throws {
        try isRefused(["bench", "tiny.braid:tiny", "--save", "tiny.braid"])
        try isRefused(["profile", "tiny.braid:tiny", "--trace", "./tiny.braid"])
    }

    @Test func plotsReplaceNoHistory() throws {
        try FileManager.default.copyItem(atPath: workplace.path("known.history.json"), toPath: workplace.path("q.svg"))
        try isRefused(["runs", "plot", "q.svg", "-o", "q.svg"])
    }
}
