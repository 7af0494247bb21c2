import { Type } from "class-transformer";
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from "class-validator";

export class NewTicketDto {
  @Length(3, 120)
  subject: string;
}

export class ChangeTicketDto {
  @IsIn(["open", "waiting", "closed"])
  state: string;
}

export class NewCommentDto {
  @Length(1, 2_000)
  text: string;
}

export class ListDto {
  @IsOptional()
  @IsIn(["open", "waiting", "closed"])
  state?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 20;

  @IsOptional()
  @IsString()
  search?: string;
}
