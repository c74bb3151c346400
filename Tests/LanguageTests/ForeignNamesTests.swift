import Source
import Testing

@testable import Language

/// What comes from other frameworks is told what it is here, and what the table names exists.
@Suite struct ForeignNamesTests {
    private func check(_ body: String) -> [Diagnostic] {
        Program.load(path: "n.braid", text: "network n {\n    input image: f32[N, 4, 8, 8]\n    output y = \(body)\n}\n") { _ in nil }
            .check()
    }

    @Test func everyNameHasItsRepair() {
        for (names, repair) in ForeignNames.all {
            for name in names {
                let found = check("image |> l: \(name)") + check("relu(image, \(name): 3)") + check("image * \(name)")
                #expect(found.contains { $0.help == repair }, "\(name): \(found.map { $0.help ?? "" })")
            }
        }
    }

    @Test(arguments: [
        ("conv(filters: 8)", "write `channels: …`"), ("conv(8, kernel_size: 3)", "write `kernel: …`"),
        ("conv(8, 3, strides: 2)", "write `stride: …`"),
        ("linear(units: 3)", "write `features: …`"), ("max_pool(pool_size: 3)", "write `kernel: …`"),
        ("batchnorm(eps: 1)", "write `epsilon: …`"),
        ("leaky_relu(negative_slope: 0.2)", "write `slope: …`"), ("dropout(p: 0.2)", "write `rate: …`"),
        ("conv(8, 3, use_bias: false)", "write `bias: …`"), ("conv(8, 3, padding: 1)", "write `pad: …`"),
    ])
    func argumentsHaveOtherNames(call: String, help: String) {
        let found = check("image |> l: \(call)")
        #expect(found.contains { $0.help == help }, "\(found)")
    }

    /// What the repairs quote in place of a name is something.
    @Test func whatRepairsNameExists() {
        let known = Set(Program.load(path: "n", text: "") { _ in nil }.callables)
        for (_, repair) in ForeignNames.all where repair.hasPrefix("it is `") {
            let name = repair.dropFirst("it is `".count).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            let exists = known.contains(String(name)) || ["label", "a", "true", "false", "none", "pi", "assert"].contains(name)
            #expect(exists, "\(repair)")
        }
    }
}
