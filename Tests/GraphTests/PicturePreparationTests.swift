import Graph
import Testing

@Suite struct PicturePreparationTests {
    private func read(_ preparation: String, type: String = "f32[N, 3, 32, 24]") throws -> PicturePreparation? {
        let text = "graph g {\n  %0 = input image \(preparation) : \(type)\n  output y = %0\n}\n"
        let graph = try Graph(reading: text, catalog: TinyOperators.catalog)
        #expect(graph.text() == text)
        return graph.nodes[0].preparation
    }

    @Test func readsWhatItPrints() throws {
        #expect(try read("prepare()") == PicturePreparation())
        #expect(try read("prepare(resize: 36)") == PicturePreparation(resize: .shorterSide(36)))
        #expect(
            try read(
                "prepare(resize: (40, 33), crop: (32, 24), interpolation: bicubic, exif_orientation: true, mean: [0.5], std: [0.25])")
                == PicturePreparation(
                    resize: .exact(.init(height: 40, width: 33)), crop: .init(height: 32, width: 24), interpolation: .bicubic,
                    appliesOrientation: true, normalization: .init(mean: [0.5], deviation: [0.25])))
        #expect(
            try read("prepare(channel_order: bgr, mean: [0.5, 0.25, 0], std: [1, 1, 1])")
                == PicturePreparation(order: .bgr, normalization: .init(mean: [0.5, 0.25, 0], deviation: [1, 1, 1])))
        #expect(try read("prepare(mean: [-1, 0, 1], std: [1, 2, 3])")?.normalization == .init(mean: [-1, 0, 1], deviation: [1, 2, 3]))
    }

    @Test(arguments: [
        ("prepare(resize: 0)", "must lie in 1...16384"), ("prepare(resize: 16385)", "must lie in 1...16384"),
        ("prepare(crop: 32)", "expected '('"), ("prepare(crop: (32, 25))", "the crop is 32 x 25, but the input 32 x 24"),
        ("prepare(resize: 31)", "do not fill the input, 32 x 24"), ("prepare(resize: (32, 23))", "do not fill the input, 32 x 24"),
        ("prepare(gamma: 2)", "'gamma' is no setting of a preparation"), ("prepare(resize: 36, resize: 36)", "or given twice"),
        ("prepare(interpolation: lanczos)", "there is no such interpolation"), ("prepare(exif_orientation: 6)", "expected 'false'"),
        ("prepare(channel_order: gbr)", "there is no such order of channels"),
        ("prepare(mean: [0.5])", "'mean' needs 'std'"), ("prepare(std: [0.5])", "'std' must be above 0, and follow 'mean'"),
        ("prepare(mean: [0.5], std: [0])", "'std' must be above 0"), ("prepare(mean: [nan], std: [1])", "must be finite"),
        ("prepare(mean: [1, 2], std: [1, 2])", "2 means for 3 channels"), ("prepare(resize: 36", "expected ','"),
        ("prepare resize: 36", "expected '('"),
    ])
    func refuses(preparation: String, message: String) {
        let error = #expect(throws: TextError.self) { _ = try read(preparation) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func oneChannelHasNoOrder() {
        let error = #expect(throws: TextError.self) { _ = try read("prepare(channel_order: bgr)", type: "f32[N, 1, 8, 8]") }
        #expect(error?.description.contains("one channel has no order bgr") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["f32[N, 8]", "f32[N, 2, 8, 8]", "i32[N, 3, 8, 8]", "f32[N, 3, 8, 8, 8]"]) func wantsPictures(type: String) {
        let error = #expect(throws: TextError.self) { _ = try read("prepare(mean: [0.5], std: [0.5])", type: type) }
        #expect(error?.description.contains("only pictures can be prepared") == true, "\(error?.description ?? "")")
    }
}
