import Foundation
import Interchange
import Testing

/// Models in ONNX: written with `braid export`, read with `braid import`, and taken by other commands in place of a source.
@Suite struct ModelTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.write(Workplace.tiny(rate: "0.05"), to: "tiny.braid")
        let image = HostTensor(name: "image", shape: [2, 1, 28, 28], floats: (0..<1568).map { Float($0 % 37) / 37 })
        try NumPy.write(image, to: workplace.path("two.npy"))
    }

    private func output(_ folder: String) throws -> HostTensor {
        let files = try FileManager.default.contentsOfDirectory(atPath: workplace.path(folder))
        return try NumPy.read(workplace.path("\(folder)/\(try #require(files.first))"))
    }

    @Test func aModelGivesTheSameNumbersThereAndBack() throws {
        for options in [[], ["--fold"]] {
            #expect(try workplace.run(["export", "tiny.braid", "-o", "tiny.onnx"] + options).status == 0)
            #expect(try workplace.run(["import", "tiny.onnx", "-o", "again.braid"]).status == 0)
            #expect(try workplace.run(["format", "--check", "again.braid"]).status == 0)
            let runs = [["tiny.braid"], ["tiny.onnx"], ["again.braid", "--weights", "again.safetensors"]]
            let results = try runs.enumerated().map { index, file in
                #expect(try workplace.run(["run"] + file + ["--input", "two.npy", "--output-dir", "out\(index)"]).status == 0)
                return try output("out\(index)").floats
            }
            for other in results.dropFirst() {
                #expect(other.count == results[0].count && zip(other, results[0]).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
            }
        }
    }

    /// Constants that are too large for a source stand in arrays beside it, which are called as the source is.
    @Test func largeConstantsStandBesideTheSource() throws {
        try workplace.write(
            """
            network scaled {
                input image: f32[N, 1, 40, 40]
                let places = [for index in 0..<1600 { [index * 7 % 1600] }]
                output y = image |> flatten |> gather(tensor(places) |> reshape((1, 1600), whole: true))
            }

            """, to: "scaled.braid")
        let image = HostTensor(name: "image", shape: [1, 1, 40, 40], floats: (0..<1600).map { Float($0 % 37) / 37 })
        try NumPy.write(image, to: workplace.path("image.npy"))
        let exported = try workplace.run(["export", "scaled.braid", "-o", "scaled.onnx"])
        #expect(exported.status == 0, "\(exported.errors)")
        for name in ["a b", "c"] {
            let imported = try workplace.run(["import", "scaled.onnx", "-o", "\(name).braid", "--json"])
            #expect(imported.status == 0, "\(imported.errors)")
            let arrays = try #require(try imported.json()["arrays"] as? [String])
            #expect(arrays.map { ($0 as NSString).lastPathComponent } == [name.replacing(" ", with: "_") + ".1.npy"])
        }
        let results = try ["scaled.onnx", "a b.braid", "c.braid"].map { file in
            let run = try workplace.run(["run", file, "--input", "image.npy", "--output-dir", "out"])
            #expect(run.status == 0, "\(run.errors)")
            return try output("out").floats
        }
        #expect(results[1] == results[0] && results[2] == results[0] && results[0].contains { $0 != 0 })
    }

    /// A model that is trained learns from an input `label` by an output `loss`, which may be names of its own.
    @Test(arguments: [("image", "loss"), ("label", "scores")]) func namesOfATrainingMayBeTaken(input: String, output: String) throws {
        let text = "network n {\n    input \(input): f32[N, 3]\n    output \(output) = \(input) |> fc: linear(4)\n}\n"
        try workplace.write(text, to: "n.braid")
        #expect(try workplace.run(["export", "n.braid", "-o", "n.onnx"]).status == 0)
        let result = try workplace.run(["dump", "n.onnx", "--stage", "training"])
        #expect(result.status == 1 && result.errors.contains("'n' has no training"), "\(result.errors)")
    }

    /// Nothing that a command reads is replaced by what it writes, and a default name replaces nothing at all.
    @Test func filesAreNotReplaced() throws {
        #expect(try workplace.run(["export", "tiny.braid", "-o", "tiny.onnx"]).status == 0)
        #expect(try workplace.run(["import", "tiny.onnx", "-o", "w"]).status == 0)
        let names = ["tiny.braid", "tiny.onnx", "w.safetensors", "w"]
        let bytes = { try names.map { try Data(contentsOf: URL(fileURLWithPath: workplace.path($0))) } }
        let before = try bytes()
        for (arguments, told) in [
            (["import", "tiny.onnx", "-o", "./tiny.onnx"], "a source is written"),
            (["import", "tiny.onnx", "-o", "new.npy"], "a source is written"),
            (["import", "tiny.onnx"], "tiny.braid: this is there already"),
            (["export", "tiny.braid", "-o", "tiny.braid"], "this is what the result is made of"),
            (["export", "w", "--weights", "w.safetensors", "-o", "w.safetensors"], "this is what the result is made of"),
            (["export", "tiny.onnx", "-o", "tiny.onnx"], "this is what the result is made of"),
            (["dump", "tiny.braid", "--stage", "graph", "-o", "tiny.braid"], "this is what the result is made of"),
            (["view", "tiny.braid", "-o", "tiny.braid"], "this is what the result is made of"),
            (["describe", "tiny.onnx", "--svg", "-o", "tiny.onnx"], "this is what the result is made of"),
            (["describe", "tiny.onnx:other"], "has no network 'other'"),
            (["describe", "tiny.onnx", "--network", "other"], "has no network 'other'"),
        ] {
            let result = try workplace.run(arguments)
            #expect(result.status != 0 && result.errors.contains(told), "\(arguments): \(result.errors)")
        }
        #expect(try bytes() == before)
        #expect(try workplace.run(["describe", "tiny.onnx:tiny"]).status == 0)
        #expect(try workplace.run(["dump", "tiny.braid", "--stage", "graph", "-o", "g"]).status == 0)
    }

    @Test func commandsTakeModels() throws {
        #expect(try workplace.run(["export", "tiny.braid", "-o", "tiny.onnx", "--json"]).status == 0)
        for command in [
            ["describe"], ["check"], ["plan"], ["dump", "--stage", "graph"], ["bench", "--runs", "1", "--seconds", "0"], ["lint"],
        ] {
            let result = try workplace.run([command[0], "tiny.onnx"] + command.dropFirst())
            #expect(result.status == 0, "\(command[0]): \(result.errors)")
        }
        // Classifiers can be trained on: a model says nothing of how.
        let data = ["--data", "builtin:digits", "--epochs", "1", "-o", "trained"]
        let trained = try workplace.run(["train", "tiny.onnx"] + data)
        #expect(trained.status == 0, "\(trained.errors)")
    }

    @Test func whatIsNoModelIsRefused() throws {
        try workplace.write("no model", to: "text.onnx")
        for command in ["run", "describe", "import"] {
            let result = try workplace.run([command, "text.onnx"])
            #expect(result.status == 1)
            #expect(result.errors.contains("this is no ONNX model"))
        }
        #expect(!FileManager.default.fileExists(atPath: workplace.path("text.braid")))
    }
}
