import Foundation
import Interchange
import Testing
import Training

/// Values that are no finite numbers are told of by name, and no training ends well with them.
@Suite struct NonFiniteTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
        #expect(try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "-o", "good").status == 0)
        try workplace.writeOnes(to: "one.npy")
    }

    /// The weights of the tiny network with some values of one tensor replaced.
    private func spoil(_ name: String, _ values: [Int: Float], as file: String) throws {
        let tensors = try Safetensors(path: workplace.path("good.safetensors")).tensors().map { tensor in
            if tensor.name != name { return tensor }
            var floats = tensor.floats
            for (index, value) in values { floats[index] = value }
            return HostTensor(name: name, shape: tensor.shape, floats: floats)
        }
        try Safetensors.write(tensors, to: workplace.path(file))
    }

    private func records(_ result: CommandResult) throws -> [[String: Any]] {
        try #require(try result.json()["not_finite"] as? [[String: Any]])
    }

    @Test func runsTellWhere() throws {
        let sound = try workplace.run("run", "tiny.braid", "--weights", "good.safetensors", "--input", "one.npy", "--json")
        #expect(try sound.errors.isEmpty && records(sound).isEmpty)
        // Of 10 x 512 values: row 3, column 8; and row 9, column 0.
        try spoil("fc.weight", [3 * 512 + 8: .nan, 9 * 512: -.infinity], as: "bad.safetensors")
        let run = ["run", "tiny.braid", "--weights", "bad.safetensors", "--input", "one.npy"]
        let text = try workplace.run(run)
        #expect(text.status == 0)
        #expect(
            text.errors.contains(
                "warning: parameter: 2 of 5120 values of 'fc.weight' are no finite numbers, the first at [3, 8]\n"), "\(text.errors)")
        #expect(text.errors.contains("warning: output: ") && text.errors.contains("of 10 values of 'logits'"), "\(text.errors)")
        let found = try records(try workplace.run(run + ["--json"]))
        #expect(found[0]["kind"] as? String == "parameter" && found[0]["name"] as? String == "fc.weight")
        #expect(found[0]["count"] as? Int == 2 && found[0]["total"] as? Int == 5120 && found[0]["first"] as? [Int] == [3, 8])
        #expect(found.last?["kind"] as? String == "output" && (found.last?["first"] as? [Int])?.first == 0)
    }

    @Test func inputsAreLookedAt() throws {
        var values = [Float](repeating: 1, count: 2 * 784)
        values[784 + 2 * 28 + 5] = .infinity
        try NumPy.write(HostTensor(name: "image", shape: [2, 1, 28, 28], floats: values), to: workplace.path("bad.npy"))
        let result = try workplace.run("run", "tiny.braid", "--weights", "good.safetensors", "--input", "bad.npy", "--json")
        #expect(
            result.errors.contains("warning: input: 1 of 1568 values of 'image' is no finite number, the first at [1, 0, 2, 5]\n"),
            "\(result.errors)")
        #expect(try records(result).first?["kind"] as? String == "input")
    }

    @Test func evaluationsTellWhere() throws {
        try spoil("fc.bias", [7: .nan], as: "bad.safetensors")
        let evaluate = ["evaluate", "tiny.braid", "--data", "mnist:data", "--json", "--weights"]
        let result = try workplace.run(evaluate + ["bad.safetensors"])
        let found = try records(result)
        #expect(result.status == 0 && found.map { $0["name"] as? String } == ["fc.bias", "logits"], "\(found)")
        // The score of class 7 of each of the 90 pictures.
        #expect(found[1]["count"] as? Int == 90 && found[1]["total"] as? Int == 900 && found[1]["first"] as? [Int] == [0, 7])
        #expect(result.errors.contains("values of 'logits'"), "\(result.errors)")
        #expect(try records(try workplace.run(evaluate + ["good.safetensors"])).isEmpty)
    }

    @Test func trainingsDoNotStartWithThem() throws {
        try spoil("first.weight", [0: .nan], as: "bad.safetensors")
        let result = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "-o", "out", "--weights", "bad.safetensors")
        #expect(result.status == 1)
        #expect(
            result.errors.contains(
                "the training cannot start: 1 of 200 values of 'first.weight' is no finite number, the first at [0, 0, 0, 0]"),
            "\(result.errors)")
        #expect(try result.output.isEmpty && workplace.names().allSatisfy { !$0.hasPrefix("out") })
    }

    /// The statistics of a normalization overflow, and the loss does not notice: what is normalized with an infinite deviation is 0.
    @Test func trainingsDoNotEndWithThem() throws {
        let text = try String(contentsOfFile: workplace.path("tiny.braid"), encoding: .utf8)
        try workplace.write(text.replacing("image |> first", with: "(image * 1e25) |> first"), to: "tiny.braid")
        let result = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--epochs", "3", "-o", "out")
        #expect(result.status == 1)
        #expect(result.errors.contains("values of 'norm.running_var' are no finite numbers, the first at ["), "\(result.errors)")
        #expect(result.errors.contains("clip norm 1.0") && result.errors.contains("out.checkpoint.safetensors is from before"))
        #expect(try !workplace.names().contains("out.safetensors"))
        // What was saved before is as it was.
        let checkpoint = try Safetensors(path: workplace.path("out.checkpoint.safetensors"))
        #expect(try checkpoint.tensors().allSatisfy { $0.floats.allSatisfy(\.isFinite) })
    }
}
