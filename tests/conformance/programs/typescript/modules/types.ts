export interface Config { name: string; verbose: boolean }
