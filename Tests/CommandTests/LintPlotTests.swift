import Foundation
import Testing

/// `braid lint --plot`: gradients as they are predicted, and beside them those of a training that was watched.
@Suite struct LintPlotTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    /// The layer of each row of the first step, with the norm of its gradient.
    private func norms(_ name: String) throws -> [String: Double] {
        let lines = String(decoding: try workplace.bytes(name), as: UTF8.self).split(separator: "\n")
        let rows = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        return Dictionary(uniqueKeysWithValues: rows.filter { $0[0] == "1" }.compactMap { row in Double(row[4]).map { (row[2], $0) } })
    }

    @Test func draws() throws {
        let trained = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "-o", "watched", "--epochs", "1", "--watch", "gradients", "-q")
        #expect(trained.status == 0, "\(trained.errors)")
        let result = try workplace.run("lint", "tiny.braid", "--plot", "predicted.svg")
        #expect(result.status == 0 && result.output.hasSuffix("wrote predicted.svg: the gradients of tiny\n"), "\(result.errors)")
        let predicted = String(decoding: try workplace.bytes("predicted.svg"), as: UTF8.self)
        #expect(predicted.contains("gradients when training begins, predicted") && predicted.contains(">tiny</text>"))
        #expect(!predicted.contains("measured"))

        let both = try workplace.run("lint", "tiny.braid", "--plot", "both.svg", "--measured", "watched", "--json")
        #expect(both.status == 0, "\(both.errors)")
        let svg = String(decoding: try workplace.bytes("both.svg"), as: UTF8.self)
        #expect(svg.contains("predicted (lines) and measured (dots)"))
        // A convolution and a linear layer, each with a dot beside the line.
        #expect(svg.components(separatedBy: "<circle").count == 3, "\(svg)")
        let record = try both.json()
        #expect(record["drawing"] as? String == "both.svg")
        let files = try #require(record["files"] as? [[String: Any]])
        let networks = try #require(files.first?["networks"] as? [[String: Any]])
        let layers = try #require(networks.first?["layers"] as? [[String: Any]])
        #expect(layers.map { $0["layer"] as? String } == ["first", "fc"] && layers.map { $0["depth"] as? Int } == [1, 2])
        let measured = try norms("watched.layers.csv")
        for layer in layers {
            let name = try #require(layer["layer"] as? String)
            let factor = try #require(layer["gradient"] as? Double) / #require(measured[name])
            #expect(factor > 0.2 && factor < 5, "\(name): \(factor)")
        }
        #expect(try workplace.run("lint", "tiny.braid", "--plot", "one.png").status == 0)
        #expect(try workplace.bytes("one.png").starts(with: [0x89, 0x50, 0x4e, 0x47]))
    }

    /// Each names what is wrong and the repair; nothing is drawn.
    @Test func refusesWhatDoesNotBelong() throws {
        func refusal(_ arguments: String...) throws -> String {
            let result = try workplace.run(["lint", "tiny.braid", "--plot", "absent.svg"] + arguments)
            #expect(result.status == 1)
            #expect(try !workplace.names().contains("absent.svg"), "\(arguments)")
            return result.errors
        }
        #expect(try refusal("--measured", "nowhere").contains("there is no history of this training"))
        var result = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "-o", "plain", "--epochs", "1", "-q")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try refusal("--measured", "plain").contains("plain.layers.csv"))
        for (text, message) in [
            ("a,b\n1,2\n", "this is no table of watched layers"),
            ("step,epoch,layer,line,gradient,weight,update,mean,deviation,dead,saturated,singular\n", "no step is in this table"),
            (
                "step,epoch,layer,line,gradient,weight,update,mean,deviation,dead,saturated,singular\n1,1,first,4,much,1,1,,,,,\n",
                "'much' is no number"
            ),
            (
                "step,epoch,layer,line,gradient,weight,update,mean,deviation,dead,saturated,singular\n1,1,first,4,0.5,1,1,,,,,\n",
                "the training watched no layer 'fc'"
            ),
        ] {
            try workplace.write(text, to: "plain.layers.csv")
            let refused = try refusal("--measured", "plain")
            #expect(refused.contains(message), "\(refused)")
        }
        // A row that is cut off is as if it were not there.
        try workplace.write(
            "step,epoch,layer,line,gradient,weight,update,mean,deviation,dead,saturated,singular\n1,1,first,4,0.5,1,1,,,,,\n1,1,fc,5,0.5,1,1,,,,,\n1,1,n",
            to: "plain.layers.csv")
        #expect(try workplace.run("lint", "tiny.braid", "--plot", "cut.svg", "--measured", "plain").status == 0)
        #expect(try refusal("--measured", "plain", "--measured", "plain").contains("'tiny' has a training already"))
        result = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "-o", "further", "--epochs", "1", "-q", "--weights", "plain.safetensors")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try refusal("--measured", "further").contains("began with the weights of 'plain.safetensors'"))

        try workplace.write(
            "network other {\n    input image: f32[N, 1, 28, 28]\n    output y = image |> c: conv(2, 3)\n}\n", to: "other.braid")
        result = try workplace.run("lint", "other.braid", "--plot", "absent.svg")
        #expect(result.status == 1 && result.errors.contains("no layer of these networks is trained"), "\(result.errors)")
        #expect(try workplace.run("lint", "tiny.braid", "--plot", "nowhere/x.svg").status == 1)

        // A training of a network that is not drawn, and one of two of that name.
        let digits = try String(contentsOfFile: workplace.path("tiny.braid"), encoding: .utf8)
        try workplace.write(digits.replacingOccurrences(of: "tiny", with: "small"), to: "small.braid")
        result = try workplace.run("lint", "small.braid", "--plot", "absent.svg", "--measured", "plain")
        #expect(result.status == 1 && result.errors.contains("this is a training of 'tiny', which is not drawn"), "\(result.errors)")
        #expect(result.errors.contains("name one of 'small'"))
        try workplace.write(digits, to: "again.braid")
        #expect(try refusal("again.braid", "--measured", "plain").contains("several of the networks are called 'tiny'"))
    }
}
