import Foundation
import TestSupport
import Testing

@testable import Compiler

/// What does not fit once sizes are numbers: errors of their own, each at its place.
@Suite struct SizeErrorTests {
    /// What stands behind `let y = x |>` in a network of `x: f32[N, 3, H, W]`, and the sizes.
    private static let mistakes: [(step: String, sizes: [String: Int])] = [
        ("c: conv(8, 5)", ["H": 4, "W": 9]), ("max_pool(4) |> max_pool(4)", ["H": 64, "W": 15]),
        ("slice(2, H - 8, 4)", ["H": 6, "W": 8]), ("slice(3, 2, W - 2, step: 2)", ["H": 8, "W": 8]),
        ("pad(4, mode: \"reflect\")", ["H": 8, "W": 4]), ("pad((0, H - 9))", ["H": 4, "W": 10]), ("pad((0, -3, 0, -3))", ["H": 8, "W": 6]),
        ("resize((H - 8, W))", ["H": 8, "W": 8]), ("resize((2003, W))", ["H": 2011, "W": 8]), ("resize(scale: 0.25)", ["H": 3, "W": 8]),
        ("adaptive_avg_pool(1024)", ["H": 4096, "W": 8]), ("variance([2, 3])", ["H": 1, "W": 1]), ("avg_pool((8, 1))", ["H": 7, "W": 1]),
        ("upsample(1048576)", ["H": 4096, "W": 8]),
        ("maximum(H * H * H)", ["H": 1 << 20, "W": 8]), ("flip(1) |> up: conv_transpose(3, 1, stride: 2, pad: 3)", ["H": 3, "W": 9]),
        ("relu", ["H": 1 << 30, "W": 1 << 30]), ("relu", ["H": 0, "W": 8]),
        ("bounded", ["H": 9, "W": 8]), ("wide", ["H": 8, "W": 2]), ("cropped(2)", ["H": 4, "W": 4]),
    ]

    @Test func eachIsRefusedAtItsPlace() throws {
        var texts: [String] = []
        for (step, sizes) in Self.mistakes {
            let text = """
                block bounded(x) {
                    assert x.height % 2 == 0, "a height of {x.height} is odd"
                    x
                }
                block wide(x) {
                    assert x.width > 3
                    x
                }
                block cropped(x, border) { x |> slice(2, border, x.height - 2 * border) |> slice(3, border, x.width - 2 * border) }
                network n {
                    input x: f32[N, 3, H, W] where H < 2147483648
                    let y = x |> \(step)
                    output y
                }

                """
            let uses = ["bounded", "wide", "cropped"].filter(step.contains)
            let network = try Network.read(text, path: "n.braid")
            #expect(network.diagnostics.count == 3 - uses.count, "only blocks that are not used are doubtful")
            do {
                _ = try network.sized(sizes)
                texts.append("\(step) is taken with \(sizes.sorted { $0.key < $1.key })\n")
            } catch {
                texts.append("# \(step)\n\(error)")
            }
        }
        #expect(texts.allSatisfy { !$0.contains(" is taken with ") })
        try Golden.check(texts.joined(separator: "\n"), Golden.folder("Cases", beside: #filePath).appending(path: "size-errors.txt"))
    }

    /// A crop says the input's size again.
    @Test func preparationsAgree() throws {
        let text = "network n { input x: f32[N, 3, H, 224] prepare crop: 224; output y = x |> relu }"
        let network = try Network.read(text, path: "n.braid")
        #expect(try network.sized(["H": 224]).sizeSymbols.isEmpty)
        let error = #expect(throws: CompilerError.self) { _ = try network.sized(["H": 8]) }
        let report = error.map { "\($0)" } ?? ""
        #expect(
            report.hasPrefix("error: with H = 8, the crop is 224 x 224, but the input 8 x 224\n --> n.braid:1:")
                && report.contains("leave `crop` out"))
    }
}
