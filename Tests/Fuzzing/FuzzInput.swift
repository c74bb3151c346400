import TestSupport

/// A text to try, and how it was made.
public struct FuzzInput: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case bytes, tokens, trees, programs, externs, graphs, kernels, roads
        // Files, changed.
        case onnx, safetensors, pth, npy, npz, png, jpeg, webp, pnm, idx

        /// Those that are files, whose text has a letter a byte.
        public static let files: [Kind] = [.onnx, .safetensors, .pth, .npy, .npz, .png, .jpeg, .webp, .pnm, .idx]
        public var isFile: Bool { Self.files.contains(self) }
    }

    public var kind: Kind
    public var text: String

    public init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }
}

/// Makes inputs; the same corpus, seed and number give the same input.
public struct FuzzGenerator: Sendable {
    private let corpus: Corpus
    private let seed: Int
    private let kinds: [FuzzInput.Kind]

    /// - Parameter only: the kinds of inputs; a mixture of all if empty.
    public init(_ corpus: Corpus, seed: Int, only: [FuzzInput.Kind] = []) {
        self.corpus = corpus
        self.seed = seed
        kinds = only.isEmpty ? Self.mixture : only
    }

    /// How often each kind comes; roads, which take seconds, only when they are asked for.
    private static let shares: [(FuzzInput.Kind, Int)] =
        [
            (.bytes, 20), (.tokens, 30), (.trees, 15), (.programs, 20), (.externs, 5), (.graphs, 10), (.kernels, 5), (.onnx, 10),
        ] + FuzzInput.Kind.files.filter { $0 != .onnx }.map { ($0, 2) }
    private static let mixture = shares.flatMap { Array(repeating: $0.0, count: $0.1) }

    /// Half of the changes are of lines, half of words.
    private func stage(_ texts: [String], _ random: inout SplitMix) -> String {
        let text = random.choose(texts)
        return Bool.random(using: &random) ? TextMutation.stage(text, &random) : TextMutation.stageTokens(text, &random)
    }

    /// A C file with bytes changed, or words.
    private func extern(_ random: inout SplitMix) -> String {
        let text = random.choose(corpus.externs)
        return Bool.random(using: &random) ? TextMutation.bytes(text, &random) : TextMutation.stageTokens(text, &random)
    }

    /// A file of a kind, changed.
    private func file(_ kind: FuzzInput.Kind, _ random: inout SplitMix) -> String {
        guard let files = corpus.files[kind], !files.isEmpty else { return "" }
        return FileMutation.text(FileMutation.changed(kind, random.choose(files), random.choose(files), &random))
    }

    /// The number's change of one printed stage, word by word.
    public static func stage(_ kind: FuzzInput.Kind, of text: String, number: Int) -> FuzzInput {
        var random = SplitMix(seed: number &* 0x9E3_779B &+ text.utf8.count)
        return FuzzInput(kind: kind, text: TextMutation.stageTokens(text, &random))
    }

    public func input(_ number: Int) -> FuzzInput {
        var random = SplitMix(seed: seed &* 0x1_0000_0001 &+ number &* 0x9E3_779B)
        let kind = random.choose(kinds)
        let sources = Int.random(in: 0..<3, using: &random) > 0 ? corpus.soundSources : corpus.sources
        let text =
            switch kind {
            case .bytes: TextMutation.bytes(random.choose(sources), &random)
            case .tokens: TextMutation.tokens(random.choose(sources), &random)
            case .trees: TreeMutation.swapped(random.choose(sources), random.choose(corpus.sources), &random)
            case .programs: RandomProgram.make(&random)
            case .externs: extern(&random)
            case .graphs: stage(corpus.graphs, &random)
            case .kernels: stage(corpus.kernels, &random)
            case .roads: RandomRoad.make(&random)
            case .onnx, .safetensors, .pth, .npy, .npz, .png, .jpeg, .webp, .pnm, .idx: file(kind, &random)
            }
        return FuzzInput(kind: kind, text: text)
    }
}
