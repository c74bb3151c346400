import Foundation
import Interchange
import Testing

/// What classes are called, from a source through weights and models to answers.
@Suite struct ClassLabelTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.makeFolder("nets")
        try workplace.write("cat\ndog\nowl\n", to: "nets/animals.txt")
        try workplace.write(
            """
            network animals(classes = 3) {
                input image: f32[N, 1, 8, 8] prepare mean: 0.5, std: 0.25
                output logits labels "animals.txt" = image |> flatten |> fc: linear(classes)
            }

            training of animals {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd
                schedule constant(rate: 0.01, epochs: 1)
                batch 2
            }

            """, to: "nets/animals.braid")
        var image = Image(width: 8, height: 8, channels: 1)
        for x in 0..<8 { image[x, 3] = 200 }
        try image.writePNG(to: workplace.path("picture.png"))
        let (weight, bias) = (
            HostTensor(name: "fc.weight", shape: [3, 64], floats: [Float](repeating: 0, count: 192)), [Float]([0, 5, 1])
        )
        try Safetensors.write([weight, HostTensor(name: "fc.bias", shape: [3], floats: bias)], to: workplace.path("weights.safetensors"))
    }

    private func best(_ arguments: [String]) throws -> String? {
        let run = try workplace.run(["run"] + arguments + ["--input", "picture.png", "--top", "1", "--json"])
        #expect(run.status == 0, "\(arguments): \(run.errors)")
        return ((try run.json()["top"] as? [[[String: Any]]])?.first?.first)?["name"] as? String
    }

    @Test func aNetworkNamesItsClasses() throws {
        let weights = ["nets/animals.braid", "--weights", "weights.safetensors"]
        #expect(try best(weights) == "dog")
        try workplace.write("Katze\nHund\nEule\n", to: "names.txt")
        #expect(try best(weights + ["--labels", "names.txt"]) == "Hund")
        // The printed text of a stage keeps them.
        for stage in ["graph", "optimized"] {
            let dump = try workplace.run("dump", "nets/animals.braid", "--stage", stage, "-o", "text.\(stage)")
            #expect(dump.status == 0, "\(dump.errors)")
            #expect(try best(["text.\(stage)", "--weights", "weights.safetensors"]) == "dog")
        }
    }

    /// They are written into models, and stay with the weights of what is imported.
    @Test func modelsCarryNames() throws {
        let export = try workplace.run("export", "nets/animals.braid", "--weights", "weights.safetensors", "-o", "animals.onnx")
        #expect(export.status == 0, "\(export.errors)")
        #expect(try best(["animals.onnx"]) == "dog")
        #expect(try workplace.run("import", "animals.onnx", "-o", "again.braid").status == 0)
        #expect(try best(["again.braid", "--weights", "again.safetensors"]) == "dog")
    }

    /// For other numbers of classes they are left out, with a note; otherwise that is an error.
    @Test func otherNumbersOfClassesHaveNoNames() throws {
        let four = try workplace.run("run", "nets/animals.braid", "-D", "classes=4", "--input", "picture.png", "--top", "1")
        #expect(four.status == 0 && four.output.contains("class "))
        #expect(four.errors.contains("note: `animals.txt` names 3 classes, and is left out: `logits` has 4"), "\(four.errors)")
        try workplace.write("cat\n", to: "nets/animals.txt")
        let one = try workplace.run("check", "nets/animals.braid")
        #expect(one.status == 1 && (one.output + one.errors).contains("`animals.txt` names 1 classes, but `logits` has 3"), "\(one.errors)")
    }

    /// Where data only number their classes, weights remember the network's names.
    @Test func trainingKeepsNames() throws {
        for (place, label) in (0..<6).map({ ($0, $0 % 3) }) {
            var image = Image(width: 8, height: 8, channels: 1, filledWith: UInt8(40 * place))
            image[0, 0] = UInt8(label)
            try image.writePNG(to: workplace.path("\(place).png"))
        }
        try workplace.write((0..<6).map { "\($0).png,\($0 % 3)\n" }.joined(), to: "train.csv")
        try workplace.write((0..<3).map { "\($0).png,\($0 % 3)\n" }.joined(), to: "val.csv")
        let train = try workplace.run("train", "nets/animals.braid", "--data", "csv:.", "-o", "trained")
        #expect(train.status == 0, "\(train.errors)")
        #expect(try Safetensors(path: workplace.path("trained.safetensors")).metadata["classes"] == #"["cat","dog","owl"]"#)
    }
}
