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
