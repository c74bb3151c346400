float half(float x) { return 0.5f * x; }
