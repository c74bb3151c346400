import Compiler
import Foundation
import LoopNest
import Testing

@testable import Viewer

/// The pages of networks: that all of what they show is there, belongs together, and stays within its element.
@Suite struct PageTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../graphs").standardized
    /// Nothing measured here decides anything, and no code is kept.
    private static let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 2)

    private static func page(_ network: Network, isTraining: Bool = false, hasCode: Bool = false) throws -> NetworkPage {
        try compiler.page(of: network, .init(isTraining: isTraining, batch: isTraining ? 4 : 1, hasCode: hasCode))
    }

    private static func page(_ file: String, _ name: String? = nil, isTraining: Bool = false) throws -> NetworkPage {
        try page(Network.load(folder.appending(path: file).path, name: name), isTraining: isTraining)
    }

    /// Blocks and branches, shared weights, sizes that are symbols, several inputs, and a step of training.
    static let networks: [(file: String, name: String?, isTraining: Bool)] = [
        ("mnist_resnet.braid", nil, false), ("mnist_resnet.braid", nil, true), ("inception_v3.braid", nil, false),
        ("unet.braid", nil, false),
        ("siamese.braid", nil, true), ("dcgan.braid", "dcgan_generator", false),
    ]

    /// What a page says, read back.
    private static func read(_ page: NetworkPage) throws -> (overview: Overview, texts: Texts) {
        let json = page.json()
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try (decoder.decode(Overview.self, from: Data(json.overview)), decoder.decode(Texts.self, from: Data(json.texts)))
    }

    @Test(arguments: networks) func pagesHoldTogether(_ network: (file: String, name: String?, isTraining: Bool)) throws {
        let (overview, texts) = try Self.read(Self.page(network.file, network.name, isTraining: network.isTraining))
        checkDrawing(overview, texts)
        checkPasses(overview, texts)
        checkPlan(overview, texts)
        if !network.isTraining { checkKernels(overview, texts) }
    }

    private func checkDrawing(_ overview: Overview, _ texts: Texts) {
        let (drawing, layers) = (overview.drawing, overview.layers)
        // Every layer stands in one box; only outputs stand for what another box has.
        let drawn = drawing.boxes.flatMap(\.strips).filter { $0.kind != "output" }.compactMap(\.node)
        #expect(Set(drawn) == Set(layers.map(\.node)) && Set(drawn).count == drawn.count)
        #expect(drawing.boxes.flatMap(\.strips).allSatisfy { drawing.kinds[$0.kind] != nil })
        // Every box and block is the child of the block that it names.
        var children: [Int] = []
        for (index, block) in drawing.blocks.enumerated() {
            #expect(index == 0 ? block.parent == nil : block.parent.map { $0 < index } == true)
            for child in block.children {
                if child >= 0 {
                    #expect(drawing.boxes[child].block == index)
                } else {
                    #expect(drawing.blocks[-1 - child].parent == index)
                }
            }
            children += block.children
        }
        #expect(Set(children).count == children.count && children.count == drawing.boxes.count + drawing.blocks.count - 1)
        for edge in drawing.edges { #expect(edge.count == 2 && edge.allSatisfy(drawing.boxes.indices.contains) && edge[0] != edge[1]) }
        // Places lie in their files.
        for place in overview.source.places.joined() {
            #expect(place.count == 5 && overview.source.files.indices.contains(place[0]))
            let lines = overview.source.files[place[0]].lines
            #expect((place[1], place[2]) <= (place[3], place[4]) && place[3] < lines.count)
            #expect(place[2] <= lines[place[1]].utf16.count && place[4] <= lines[place[3]].utf16.count)
        }
        #expect(overview.source.places.count == texts.passes[0].nodeCount)
        let known = Set(layers.map(\.node))
        #expect(overview.signals.layers.allSatisfy { known.contains($0.node) } && overview.signals.obstacle == nil)
        #expect(overview.signals.layers.contains { $0.weightGradient != nil } == overview.signals.hasGradients)
    }

    /// From graph to graph all numbers name something.
    private func checkPasses(_ overview: Overview, _ texts: Texts) {
        for (index, pass) in texts.passes.enumerated() {
            #expect(pass.lines[pass.firstNode].trimmingCharacters(in: .whitespaces).hasPrefix("%0 = "), "\(pass.name)")
            #expect(pass.lines[pass.firstNode + pass.nodeCount - 1].contains("%\(pass.nodeCount - 1) = "), "\(pass.name)")
            guard index > 0 else {
                #expect(pass.origins.isEmpty && pass.changes.isEmpty)
                continue
            }
            let before = 0..<texts.passes[index - 1].nodeCount
            #expect(pass.origins.count == pass.nodeCount && pass.origins.joined().allSatisfy(before.contains), "\(pass.name)")
            for change in pass.changes {
                #expect(change.before.allSatisfy(before.contains) && change.after.allSatisfy((0..<pass.nodeCount).contains), "\(pass.name)")
                #expect(!change.before.isEmpty || !change.decisions.isEmpty)
            }
        }
    }

    /// From the last graph to kernels and memory, too.
    private func checkPlan(_ overview: Overview, _ texts: Texts) {
        let (plan, last) = (overview.plan, 0..<texts.passes[texts.passes.count - 1].nodeCount)
        #expect(!plan.steps.isEmpty)
        for (index, step) in plan.steps.enumerated() {
            #expect(texts.kernels.indices.contains(step.kernel) && texts.kernels[step.kernel].name == step.name)
            #expect(!step.nodes.isEmpty && (step.nodes + step.within).allSatisfy(last.contains))
            #expect(step.buffers.allSatisfy(plan.buffers.indices.contains) && step.buffers.count == step.access.count)
            #expect(texts.plan[texts.firstStep + index].contains("step \(index): \(step.name)("))
        }
        for (index, buffer) in plan.buffers.enumerated() {
            #expect(buffer.nodes.allSatisfy(last.contains))
            #expect(texts.plan[texts.firstBuffer + index].contains("buffer \(index): "))
            guard let offset = buffer.offset, let first = buffer.first, let end = buffer.last else { continue }
            #expect(first <= end && end < plan.steps.count && offset + buffer.bytes <= plan.arenaBytes)
            for other in plan.buffers[..<index] {
                guard let place = other.offset, let otherFirst = other.first, let otherEnd = other.last else { continue }
                let isApart = otherEnd < first || end < otherFirst || place + other.bytes <= offset || offset + buffer.bytes <= place
                #expect(isApart, "\(buffer.layer) and \(other.layer) lie at one place")
            }
        }
    }

    /// Every layer with products is followed to a kernel.
    private func checkKernels(_ overview: Overview, _ texts: Texts) {
        let computed = Set(overview.plan.steps.flatMap { $0.nodes + $0.within })
        for layer in overview.layers where layer.macs > 0 {
            var nodes: Set<Int> = [layer.node]
            for pass in texts.passes.dropFirst() {
                nodes = Set(pass.origins.indices.filter { !nodes.isDisjoint(with: pass.origins[$0]) })
            }
            #expect(!nodes.isDisjoint(with: computed), "\(layer.label)")
        }
    }

    /// The same network gives the same page.
    @Test func pagesAreTheSameBytes() throws {
        let network = try Network.load(Self.folder.appending(path: "lenet.braid").path)
        #expect(try ViewerPage.html(Self.page(network)) == ViewerPage.html(Self.page(network)))
    }

    /// A page is a few hundred kilobytes, of which the half are its own scripts.
    @Test func pagesStaySmall() throws {
        #expect(ViewerPage.html(try Self.page("mnist_resnet.braid")).count < 450_000)
    }

    /// Whatever a source says, it ends no element of the page and is no place for a part of it.
    @Test func hostileTextsStayTexts() throws {
        let source = """
            /// </script><script>alert("1")</script> <!-- {{script}} & \u{2028} \\u003c
            network n(classes = 3) {
                /// </SCRIPT ><img src=x onerror=alert(2)>
                input image: f32[N, 1, 8, 8]
                output logits = image |> one: conv(4, 3) |> relu |> flatten |> fc: linear(classes)  // </script>
            }
            """.replacing("  // </script>", with: "  # </script>")
        let network = try Network.read(source, path: "</title><script>alert(3)</script>.braid")
        let page = try Self.page(network, hasCode: true)
        let html = String(decoding: ViewerPage.html(page), as: UTF8.self)
        #expect(html.lowercased().matches(of: /<\/script/).count == 3 && html.lowercased().matches(of: /<script/).count == 3)
        #expect(html.matches(of: /<\/title>/).count == 1)
        let found = try #require(html.firstMatch(of: /<script type="application\/json" id="overview">(.*?)<\/script>/.dotMatchesNewlines()))
        let overview = try JSONDecoder().decode(Overview.self, from: Data(String(found.1).utf8))
        #expect(overview.documentation.hasPrefix("</script><script>alert(\"1\")</script> <!-- {{script}}"))
        #expect(overview.source.files.contains { $0.lines.contains { $0.hasSuffix("# </script>") } })
        let texts = try Self.read(page).texts
        #expect(texts.kernels.allSatisfy { $0.llvm?.isEmpty == false && $0.assembly?.isEmpty == false })
    }

    /// Nothing is loaded, and nothing runs but the page's own script.
    @Test func pagesLoadNothing() throws {
        let html = String(decoding: ViewerPage.html(try Self.page("mnist_resnet.braid")), as: UTF8.self)
        let policy = try #require(html.firstMatch(of: /http-equiv="Content-Security-Policy" content="([^"]*)"/)).1
        #expect(policy.contains("default-src 'none'") && policy.matches(of: /'sha256-[A-Za-z0-9+\/=]{44}'/).count == 2)
        #expect(!policy.contains("unsafe") && !policy.contains("http"))
        for pattern in [/\ssrc=/, /\shref="[^#]/, /@import/, /url\((?!#)/, /style="/] { #expect(html.firstMatch(of: pattern) == nil) }
    }
}

/// What the tests look at of a page.
private struct Overview: Decodable {
    struct Strip: Decodable {
        var kind: String
        var node: Int?
    }
    struct Box: Decodable {
        var strips: [Strip]
        var block: Int
    }
    struct Block: Decodable {
        var parent: Int?
        var children: [Int]
    }
    struct Drawing: Decodable {
        var kinds: [String: String]
        var boxes: [Box]
        var blocks: [Block]
        var edges: [[Int]]
    }
    struct Layer: Decodable {
        var node: Int
        var label: String
        var macs: Int
    }
    struct File: Decodable { var lines: [String] }
    struct Source: Decodable {
        var files: [File]
        var places: [[[Int]]]
    }
    struct Signal: Decodable {
        var node: Int
        var weightGradient: Double?
    }
    struct Signals: Decodable {
        var layers: [Signal]
        var hasGradients: Bool
        var obstacle: String?
    }
    struct Step: Decodable {
        var kernel: Int
        var name: String
        var nodes: [Int]
        var within: [Int]
        var buffers: [Int]
        var access: [String]
    }
    struct Buffer: Decodable {
        var layer: String
        var bytes: Int
        var offset: Int?
        var first: Int?
        var last: Int?
        var nodes: [Int]
    }
    struct Plan: Decodable {
        var steps: [Step]
        var buffers: [Buffer]
        var arenaBytes: Int
    }

    var documentation: String
    var drawing: Drawing
    var layers: [Layer]
    var source: Source
    var signals: Signals
    var plan: Plan
}

private struct Texts: Decodable {
    struct Change: Decodable {
        var before: [Int]
        var after: [Int]
        var decisions: [String]
    }
    struct Pass: Decodable {
        var name: String
        var lines: [String]
        var firstNode: Int
        var nodeCount: Int
        var origins: [[Int]]
        var changes: [Change]
    }
    struct Kernel: Decodable {
        var name: String
        var llvm: [String]?
        var assembly: [String]?
    }

    var passes: [Pass]
    var plan: [String]
    var firstBuffer: Int
    var firstStep: Int
    var kernels: [Kernel]
}
